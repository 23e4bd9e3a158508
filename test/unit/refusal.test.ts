import { isTokenRefused } from "authsocket";
import { describe, expect, it } from "vitest";
import { answerRefusal, readRefusal, unavailableFor } from "../../src/client/connection/refusal.ts";

const refusal = (message: string, data?: unknown) => Object.assign(new Error(message), { data });

describe("a refused connection", () => {
  it.each([
    { code: "token_missing" },
    { code: "token_invalid" },
    { code: "token_expired" },
    { code: "token_revoked" },
    { code: "TOKEN_EXPIRED" },
    { code: "Token-Expired" },
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
  ])("B15 words decide nothing: %o with data %o is unknown", (message, data) => {
    expect(readRefusal(refusal(message, data))).toBe("unknown");
    expect(isTokenRefused(refusal(message, data))).toBe(false);
  });

  it("B15 an unavailable server names its ms, or none", () => {
    expect(unavailableFor(refusal("busy", { code: "unavailable", retryAfter: 1_500 }))).toBe(1_500);
    for (const retryAfter of [undefined, null, "soon", -5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(unavailableFor(refusal("busy", { code: "unavailable", retryAfter }))).toBe(0);
    }
  });

  it("B7 B15 a fresh token that is refused too backs off by code, and stops the socket without one", () => {
    expect(answerRefusal({ status: "refreshing" }, true, true)).toEqual({ do: "reconnect" });
    expect(answerRefusal({ status: "look" }, false, false)).toEqual({ do: "reconnect" });
    expect(answerRefusal({ status: "later", at: 5 }, false, false)).toEqual({ do: "wait", at: 5 });
    expect(answerRefusal({ status: "spent" }, true, false)).toEqual({ do: "backOff" });
    expect(answerRefusal({ status: "spent" }, true, true)).toEqual({ do: "stop", code: "token_rejected" });
    expect(answerRefusal({ status: "spent" }, false, true)).toEqual({ do: "stop", code: "forbidden" });
  });
});
