import { AuthSession, AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { RefreshOptions } from "../support/refresh-options.ts";

/** What code without types may pass. */
type Wrong = Record<string, unknown>;

const session = (options: Wrong) =>
  new AuthSession({ refresh: "/r", ...options } as unknown as RefreshOptions);
const socket = (options: Wrong) =>
  new AuthSocket("https://chat.example", { autoConnect: false, ...options } as unknown as AuthSocketOptions);

describe("options", () => {
  it.each<[string, Wrong]>([
    ["refresh", { refresh: undefined }],
    ["refresh", { refresh: "" }],
    ["refresh", { refresh: 42 }],
    ["refresh", { refresh: {} }],
    ["refresh", { refresh: { url: 42 } }],
    ["store", { store: {} }],
    ["store", { store: { load: () => null } }],
    ["store", { store: null }],
    ["leeway", { leeway: -1 }],
    ["leeway", { leeway: "60s" }],
    ["leeway", { leeway: Number.NaN }],
    ["refreshTimeout", { refreshTimeout: -1 }],
    ["retry.base", { retry: { base: "1s" } }],
    ["retry.max", { retry: { max: -1 } }],
    ["allowInsecure", { allowInsecure: "false" }],
    ["jitter", { jitter: 1.1 }],
    ["jitter", { jitter: -0.1 }],
    ["jitter", { jitter: "0.1" }],
    ["jitter", { jitter: null }],
    ["jitter", { jitter: Number.NaN }],
    ["subject", { subject: "sub" }],
    ["fetch", { fetch: "axios" }],
  ])("B19 a wrong %s is a TypeError that quotes it: %o", (option, options) => {
    for (const make of [session, (more: Wrong) => socket({ refresh: "/r", ...more })]) {
      expect(() => make(options)).toThrow(TypeError);
      expect(() => make(options)).toThrow(`"${option}" must be`);
    }
  });

  it.each<[string, Wrong]>([
    ["refresh", {}],
    ["isTokenRefused", { refresh: "/r", isTokenRefused: "Invalid token" }],
    ["autoConnect", { refresh: "/r", autoConnect: "no" }],
    ["allowInsecure", { session: session({}), allowInsecure: "false" }],
    ["io.auth", { refresh: "/r", io: { auth: { token: "x" } } }],
    ["io.autoConnect", { refresh: "/r", io: { autoConnect: true } }],
    ["io.forceNew", { refresh: "/r", io: { forceNew: true } }],
    ["io.multiplex", { refresh: "/r", io: { multiplex: false } }],
  ])("B19 a socket's wrong %s is a TypeError that quotes it: %o", (option, options) => {
    expect(() => socket(options)).toThrow(TypeError);
    expect(() => socket(options)).toThrow(`"${option}"`);
  });

  it.each<[string, unknown]>([
    ["refresh", "/r"],
    ["store", memoryStore()],
    ["leeway", 0],
    ["jitter", 0],
    ["refreshTimeout", 1],
    ["retry", {}],
    ["subject", () => "alice"],
    ["fetch", fetch],
  ])("B19 %s beside a session is a TypeError that quotes it", (option, value) => {
    const shared = session({});
    expect(() => socket({ session: shared, [option]: value })).toThrow(TypeError);
    expect(() => socket({ session: shared, [option]: value })).toThrow(`"${option}"`);
  });

  it("B20 a URL is one where the platform cannot read its origin, as in React Native", async () => {
    class UrlWithoutOrigin {
      readonly href: string;
      constructor(url: string) {
        this.href = url;
      }
      get origin(): string {
        throw new Error("URL.origin is not implemented");
      }
    }
    vi.stubGlobal("URL", UrlWithoutOrigin);
    onTestFinished(() => void vi.unstubAllGlobals());
    const url = "https://api.example/refresh";
    const answer = vi.fn(async () => Response.json({ token: "fresh" }));
    for (const refresh of [url, { url }]) {
      const { getToken, dispose } = session({ refresh, store: memoryStore(), fetch: answer });
      onTestFinished(() => dispose());
      expect(await getToken()).toBe("fresh");
    }
    expect(() => session({ origins: ["https://api.example"] })).toThrow("URL.origin is not implemented");
  });

  it("B25 no options at all are a TypeError that says so", () => {
    expect(() => new AuthSession(undefined as unknown as RefreshOptions)).toThrow('"options" must be');
    expect(() => new AuthSocket("/", undefined as unknown as AuthSocketOptions)).toThrow('"options" must be');
  });

  it("B19 a session that is none is a TypeError that quotes it", () => {
    for (const wrong of [{}, "session", 42]) {
      expect(() => socket({ session: wrong })).toThrow(TypeError);
      expect(() => socket({ session: wrong })).toThrow('"session"');
    }
  });

  it("B19 values of 0 and the empty retry are taken", () => {
    const options = { leeway: 0, jitter: 0, refreshTimeout: 0, retry: { base: 0, max: 0 } };
    expect(() => session(options)).not.toThrow();
    expect(() => session({ retry: {} })).not.toThrow();
  });

  it("B19 refresh may be a URL, a request or a function", () => {
    for (const refresh of [
      "/r",
      new URL("https://a.example/r"),
      { url: "/r" },
      { url: new URL("https://a.example/r") },
      async () => null,
    ]) {
      expect(() => session({ refresh })).not.toThrow();
    }
  });
});
