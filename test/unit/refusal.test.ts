import { isTokenRefused } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { answerRefusal, type RefusedConnect, readRefusal } from "../../src/client/connection/refusal.ts";
import type { Replacement } from "../../src/client/session/refreshes.ts";

const refusal = (message: string, data?: unknown) => Object.assign(new Error(message), { data });

describe("a refused connection", () => {
  it.each([
    { code: "token_missing" },
    { code: "token_invalid" },
    { code: "token_expired" },
    { code: "token_revoked" },
    { code: "TOKEN_EXPIRED" },
    { code: "Token-Expired" },
    { code: " token_expired\n" },
    { code: "invalid_token" },
    { code: 401 },
    { code: "401" },
    { status: 401 },
    { status: "401" },
    { statusCode: 401 },
    { statusCode: "401" },
  ])("B7 data %o is a token matter", (data) => {
    expect(readRefusal(refusal("no", data))).toBe("token");
    expect(isTokenRefused(refusal("no", data))).toBe(true);
  });

  it.each([{ code: "insufficient_scope" }, { code: "INSUFFICIENT-SCOPE" }, { code: 403 }, { status: "403" }])(
    "B15 data %o is a matter of rights",
    (data) => {
      expect(readRefusal(refusal("Invalid token", data))).toBe("scope");
      expect(isTokenRefused(refusal("Invalid token", data))).toBe(false);
    },
  );

  it.each([{ code: "unavailable" }, { status: 503 }, { statusCode: "503" }])(
    "B15 data %o is a lack of service",
    (data) => {
      expect(readRefusal(refusal("Invalid token", data))).toBe("unavailable");
      expect(isTokenRefused(refusal("Invalid token", data))).toBe(false);
    },
  );

  it.each<[string, unknown]>([
    ["Invalid token", undefined],
    ["Unauthorized: admins only", {}],
    ["jwt expired", { code: "E_NO" }],
    ["xhr poll error", null],
    ["no", "token_expired"],
    ["no", { code: { code: "token_expired" } }],
    ["no", { code: ["token_expired"], status: [401] }],
  ])("B15 words decide nothing: %o with data %o is unknown", (message, data) => {
    expect(readRefusal(refusal(message, data))).toBe("unknown");
    expect(isTokenRefused(refusal(message, data))).toBe(false);
  });

  /** What a refused token is answered, or a guest. */
  function answer(
    replacement: Replacement | undefined,
    { data, ...known }: Partial<RefusedConnect> & { data?: unknown } = {},
  ) {
    const replace = replacement && vi.fn(() => replacement);
    const connect = { isByCode: false, servesSibling: false, atOnce: 0, ...known, replace };
    return { ...answerRefusal(refusal("no", data), connect), asked: replace?.mock.calls.length ?? 0 };
  }

  it("B15 an unavailable server names its ms, or none", () => {
    const busy = (retryAfter: unknown) => answer({ status: "look" }, { data: { status: 503, retryAfter } });
    expect(busy(1_500)).toEqual({ do: "comeBack", after: 1_500, asked: 0 });
    for (const retryAfter of [undefined, null, "soon", -5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(busy(retryAfter)).toEqual({ do: "comeBack", after: 0, asked: 0 });
    }
  });

  it("B15 B21 neither a guest nor a lack of rights costs a refresh, unless the app says that it is the token", () => {
    const data = { code: "insufficient_scope" };
    expect(answer(undefined)).toEqual({ do: "stayOut", asked: 0 });
    expect(answer(undefined, { data })).toEqual({ do: "stayOut", asked: 0 });
    expect(answer({ status: "look" }, { data })).toEqual({ do: "stop", code: "forbidden", asked: 0 });
    const isByCode = true;
    expect(answer({ status: "look" }, { data, isByCode })).toEqual({ do: "reconnect", asked: 1 });
    expect(answer({ status: "look" }, { data: { status: 503 }, isByCode })).toMatchObject({ asked: 1 });
  });

  it("B7 B15 a fresh token that is refused too backs off by code, and stops the socket without one", () => {
    const [isByCode, servesSibling] = [true, true];
    expect(answer({ status: "refreshing" }, { isByCode, servesSibling })).toMatchObject({ do: "reconnect" });
    expect(answer({ status: "look" })).toMatchObject({ do: "reconnect" });
    expect(answer({ status: "later", at: 5 })).toMatchObject({ do: "wait", at: 5 });
    expect(answer({ status: "spent" }, { isByCode })).toMatchObject({ do: "backOff" });
    expect(answer({ status: "spent" }, { isByCode, servesSibling })).toMatchObject({
      do: "stop",
      code: "token_rejected",
    });
    expect(answer({ status: "spent" }, { servesSibling })).toMatchObject({ do: "stop", code: "forbidden" });
  });

  it.each(["look", "refreshing"] as const)(
    "T13 B7 B15 another token each time (%s) is tried at once three times, and no more",
    (status) => {
      const isByCode = true;
      for (const atOnce of [0, 1, 2])
        expect(answer({ status }, { atOnce })).toMatchObject({ do: "reconnect" });
      expect(answer({ status }, { atOnce: 3, isByCode })).toMatchObject({
        do: "backOff",
        waitsFor: "dueAt",
      });
      expect(answer({ status }, { atOnce: 3 })).toMatchObject({ do: "stop", code: "forbidden" });
    },
  );
});
