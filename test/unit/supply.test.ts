import { beforeEach, describe, expect, it, vi } from "vitest";
import type { EndpointOwner } from "../../src/client/refresh/endpoint.ts";
import type { RefreshReason } from "../../src/client/refresh/refresh.ts";
import type { SourceContext } from "../../src/client/refresh/source.ts";
import type { AuthSessionOptions } from "../../src/client/session/options.ts";
import { type Question, Supply } from "../../src/client/session/supply.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const ENDPOINT = "https://auth.example/refresh";

const held: AccessToken = { accessToken: "a", refreshToken: "r", signInId: "s" };
const { signal } = new AbortController();

function pageAt(href: string): Location {
  const { origin } = new URL(href);
  return { href, origin } as Location;
}

describe("where a session's tokens come from", () => {
  let platform: ManualPlatform;
  const fetched = vi.fn<typeof fetch>();

  beforeEach(() => {
    platform = new ManualPlatform();
    fetched.mockReset().mockImplementation(async () => Response.json({ token: "b" }));
  });

  function supply(options: AuthSessionOptions, isCookie = false): Supply {
    const owner: EndpointOwner = { platform, fetch: fetched, isCookie, warn: platform.warn };
    return new Supply(options, owner);
  }

  function ask(from: Supply, more: Partial<Question> = {}): unknown {
    return from.ask({ token: held, reason: "expired", isLook: false, ...more }, signal);
  }

  describe("an endpoint", () => {
    it.each<[string, AuthSessionOptions["refresh"], string, boolean]>([
      ["a URL", ENDPOINT, ENDPOINT, false],
      ["a URL object", new URL(ENDPOINT), ENDPOINT, false],
      ["a request", { url: new URL(ENDPOINT), method: "GET" }, ENDPOINT, false],
      ["a path", "/refresh", "/refresh", true],
      ["a path whose query names another", "/go?to=https://x.example", "/go?to=https://x.example", true],
    ])("2.1 is %s", (_, refresh, url, needsPage) => {
      const from = supply({ refresh } as AuthSessionOptions);
      expect(from).toMatchObject({ url, needsPage, isSource: false });
      expect(String(from.endpoint?.url)).toBe(url);
    });

    it("2.1 keeps what its request says besides the URL", () => {
      const request = { url: ENDPOINT, method: "GET" as const };
      expect(supply({ refresh: request }).endpoint).toEqual(request);
    });

    it("S2 S3 is refused with a token in its URL, and without encryption", () => {
      const insecure = "http://auth.example/refresh";
      const token = timedToken(Date.UTC(2026, 0, 1));
      expect(() => supply({ refresh: `/refresh?t=${token}` })).toThrow(/^"refresh" contains a token/);
      expect(() => supply({ refresh: { url: insecure } })).toThrow(/^"refresh" would send .* unencrypted/);
      expect(supply({ refresh: insecure, allowInsecure: true }).url).toBe(insecure);
    });

    it("2.1 is asked with its headers and the refresh token", async () => {
      const from = supply({ refresh: { url: ENDPOINT, headers: () => ({ "X-Account": "7" }) } });
      await expect(ask(from)).resolves.toEqual({ accessToken: "b" });
      const [url, init] = fetched.mock.calls[0] ?? [];
      expect(url).toBe(ENDPOINT);
      expect(new Headers(init?.headers).get("X-Account")).toBe("7");
      expect(init?.body).toBe('{"refreshToken":"r"}');
    });

    it("B2 is told apart by its URL, and by its headers as they were and as they would be", async () => {
      let account = "7";
      const options = { refresh: { url: ENDPOINT, headers: () => ({ "X-Account": account }) } };
      const from = supply(options);
      const { headers } = from;
      expect(from.sentHeaders).toBeUndefined();
      await ask(from);
      expect(from.sentHeaders).toBe(headers);
      expect(supply(options).headers).toBe(headers);
      expect(supply(options).identity).toBe(from.identity);
      expect(supply({ refresh: { ...options.refresh, url: "/r" } }).identity).not.toBe(from.identity);
      account = "8";
      expect(from.headers).not.toBe(headers);
      expect(from.sentHeaders).toBe(headers);
    });

    it("B9 tells of no headers where the app's function throws", () => {
      const headers = () => {
        throw new Error("not yet");
      };
      expect(supply({ refresh: { url: ENDPOINT, headers } }).headers).toBeUndefined();
    });
  });

  describe("an endpoint of the page's", () => {
    it.each(["https://app.example/chat", "http://localhost:3000/chat"])(
      "S3 may be asked from %s",
      async (page) => {
        platform.page = pageAt(page);
        const from = supply({ refresh: "/refresh" });
        expect(() => from.admit()).not.toThrow();
        await expect(ask(from)).resolves.toEqual({ accessToken: "b" });
      },
    );

    it("S3 may not be asked from a page without encryption, unless the app allows it", () => {
      platform.page = pageAt("http://app.example/chat");
      const from = supply({ refresh: "refresh?key=1" });
      const refusal = /^"refresh" would send the token unencrypted to http:\/\/app\.example\/refresh:/;
      expect(() => from.admit()).toThrow(refusal);
      expect(() => ask(from)).toThrow(refusal);
      expect(fetched).not.toHaveBeenCalled();
      expect(() => supply({ refresh: "/refresh", allowInsecure: true }).admit()).not.toThrow();
    });

    it("B20 is a TypeError outside a page", () => {
      expect(() => supply({ refresh: "/refresh" }).admit()).toThrow(
        new TypeError(`"refresh" must be an absolute URL outside a browser: "/refresh" is relative`),
      );
    });

    it("B20 an absolute URL needs no page", () => {
      expect(() => supply({ refresh: ENDPOINT }).admit()).not.toThrow();
      platform.page = pageAt("http://app.example/chat");
      expect(() => supply({ refresh: ENDPOINT }).admit()).not.toThrow();
    });
  });

  describe("a function of the app's", () => {
    const refresh = vi.fn<(context: object) => string>(() => "b");

    beforeEach(() => {
      refresh.mockClear();
    });

    it("2.1 is asked with the token to replace", () => {
      const from = supply({ refresh });
      expect(from).toMatchObject({ endpoint: undefined, url: undefined, needsPage: false, isSource: false });
      expect(from.identity).toBe(refresh);
      expect(ask(from, { reason: "rejected" })).toBe("b");
      expect(refresh).toHaveBeenCalledWith({ reason: "rejected", signal, token: "a", refreshToken: "r" });
    });

    it.each<[string, AccessToken | undefined, boolean]>([
      ["nobody is signed in", undefined, false],
      ["a cookie may be there", { ...held, assumed: true }, false],
      ["the server goes by a cookie", held, true],
    ])("2.1 is asked without a token where %s", (_, token, isCookie) => {
      ask(supply({ refresh }, isCookie), { token, reason: "missing" });
      expect(refresh.mock.calls).toStrictEqual([[{ reason: "missing", signal }]]);
    });
  });

  describe("a source", () => {
    const get = vi.fn<(context: SourceContext) => string | null>();
    const source = { get };

    beforeEach(() => {
      get.mockReset().mockReturnValue("b");
    });

    it("2.4 is asked in the place of an endpoint", () => {
      const from = supply({ source });
      expect(from).toMatchObject({ endpoint: undefined, url: undefined, needsPage: false, isSource: true });
      expect(from.identity).toBe(source);
      expect(ask(from)).toBe("b");
      expect(get.mock.calls).toStrictEqual([[{ reason: "expired", signal }]]);
    });

    it.each<[Partial<Question>, RefreshReason, string | undefined]>([
      [{ reason: "missing", isLook: true, token: undefined }, "missing", undefined],
      [{ reason: "expiring", isLook: true }, "expiring", undefined],
      [{ reason: "expiring" }, "expired", undefined],
      [{ reason: "forced" }, "forced", undefined],
      [{ reason: "rejected" }, "rejected", "a"],
      [{ reason: "rejected", token: undefined }, "rejected", undefined],
    ])("2.4 is asked %j as %s, with the refused token %o", (question, reason, rejected) => {
      ask(supply({ source }), question);
      expect(get.mock.calls).toStrictEqual([[{ reason, signal, ...(rejected && { rejected }) }]]);
    });

    const MINUTE = 60_000;

    it.each<[string, RefreshReason, { lifetime?: number; left?: number } | undefined, boolean]>([
      ["there is no token", "missing", undefined, true],
      ["a long life ends in two seconds", "expiring", { lifetime: MINUTE, left: 2_000 }, false],
      ["a long life ends a bit later", "expiring", { lifetime: MINUTE, left: 2_001 }, true],
      ["a tenth of a short life is left", "expiring", { lifetime: 10_000, left: 1_000 }, false],
      ["a bit more is left", "expiring", { lifetime: 10_000, left: 1_001 }, true],
      ["the lifetime is unknown, at the end", "expiring", { left: 0 }, false],
      ["the lifetime is unknown, before it", "expiring", { left: 1 }, true],
      ["the end is unknown", "expiring", {}, true],
      ["the renewal of none is due", "expiring", undefined, true],
      ["it has ended", "expired", { lifetime: MINUTE, left: 2_001 }, false],
      ["it was refused", "rejected", { lifetime: MINUTE, left: 2_001 }, false],
    ])("B13 it is enough to look at what it holds where %s: %s %j: %s", (_, reason, timing, isLook) => {
      const { lifetime, left } = timing ?? {};
      const expiresAt = left === undefined ? undefined : platform.now() + left;
      const token = timing && { ...held, lifetime, expiresAt };
      expect(supply({ source }).isLook(token, reason)).toBe(isLook);
      expect(supply({ refresh: ENDPOINT }).isLook(token, reason)).toBe(false);
    });

    it.each<[string, string | null, object | undefined]>([
      ["another token", "b", { accessToken: "b" }],
      ["the same token", "a", undefined],
      ["none", null, undefined],
    ])("B2 is looked at for what it holds by now: %s", async (_, answer, tokens) => {
      get.mockReturnValue(answer);
      const question: Question = { token: held, reason: "rejected", isLook: false };
      expect(await supply({ source }).held(question, signal)).toEqual(tokens);
      expect(get.mock.calls).toStrictEqual([[{ reason: "expiring", signal }]]);
    });

    it("B2 what it holds is another token where there was none", async () => {
      const question: Question = { token: undefined, reason: "forced", isLook: false };
      expect(await supply({ source }).held(question, signal)).toEqual({ accessToken: "b" });
    });
  });

  it("B5 T23 an answer was received when it is read, unless that is over five seconds after it was asked for", () => {
    const from = supply({ refresh: () => "b" });
    expect(from.askedAt).toBe(0);
    ask(from);
    const askedAt = platform.now();
    expect(from.askedAt).toBe(askedAt);
    expect(from.receivedAt).toBe(askedAt);
    platform.jump(5_000);
    expect(from.receivedAt).toBe(askedAt + 5_000);
    platform.jump(1);
    expect(from.receivedAt).toBe(askedAt);
  });
});
