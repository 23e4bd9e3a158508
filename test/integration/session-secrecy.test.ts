import { inspect } from "node:util";
import { AuthSession, AuthSocket, AuthSocketError, memoryStore, webStorageStore } from "authsocket";
import { HttpResponse } from "msw";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const REFRESH_TOKEN = "the-refresh-token-that-nobody-may-see";

/** A page at an address, which is all that is asked of it. */
function pageAt(address: string): Location {
  const { href, origin, protocol } = new URL(address);
  return { href, origin, protocol } as Location;
}

function sessionAt(address: string | undefined, options: RefreshOptions) {
  const platform = new ManualPlatform();
  if (address) platform.page = pageAt(address);
  return new AuthSession({ store: memoryStore(), ...options }, platform);
}

/** The code of what is thrown when a client is made with such a URL, or asked for a token; undefined: none. */
async function codeOf(run: () => unknown): Promise<string | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    return error instanceof AuthSocketError ? error.code : String(error);
  }
}

describe("what is told of tokens", () => {
  it("S1 no token stands in any state, error or line of the console, whatever happens", async () => {
    const platform = new ManualPlatform();
    const tokens: string[] = [REFRESH_TOKEN];
    const issue = () => {
      const token = timedToken(platform.now(), 100_000);
      tokens.push(token);
      return token;
    };
    const said: unknown[] = [];
    for (const method of ["log", "info", "warn", "error", "debug"] as const) {
      vi.spyOn(console, method).mockImplementation((...args) => said.push(args));
    }
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const answers = [
      () => tokenResponse(issue(), { refreshToken: REFRESH_TOKEN }),
      () => new Response(null, { status: 503 }),
      () => HttpResponse.json({ data: { token: issue() } }),
      () => HttpResponse.html(`<p>${issue()}</p>`),
      () => HttpResponse.error(),
      () => new Response(issue(), { status: 401, statusText: "no" }),
    ];
    const endpoint = startRefreshEndpoint((_, number) => (answers[number - 1] ?? HttpResponse.error)());
    const storage = new MapStorage();
    const store = webStorageStore("authToken", storage);
    const session = new AuthSession({ refresh: endpoint.url, store, retry: { base: 0 } }, platform);
    session.subscribe((state) => said.push(state));
    for (const _ of answers) {
      said.push(
        await session.getToken({ forceRefresh: true }).then(
          () => "ok",
          (error: unknown) => error,
        ),
      );
      const retried = session.getToken({ forceRefresh: true }).catch((error: unknown) => error);
      await platform.advance(1);
      const answer = await retried;
      if (typeof answer !== "string") said.push(answer);
      said.push(session.state, session);
    }
    said.push(await session.signIn({ accessToken: "" }).catch((error: unknown) => error));
    await session.signIn(issue());
    said.push(session.state);
    await session.signOut();
    said.push(session.state);

    const text = said
      .flatMap((value) => [
        inspect(value, { depth: 10, showHidden: true, getters: true }),
        JSON.stringify(value),
        value instanceof Error ? `${value.message} ${value.stack}` : "",
      ])
      .join("\n");
    expect(endpoint.calls.length).toBeGreaterThanOrEqual(answers.length);
    expect(tokens.filter((token) => text.includes(token))).toEqual([]);
    // A token is its signature: claims, which are for display, are told.
    expect(tokens.filter((token) => text.includes(token.split(".")[2] ?? token))).toEqual([]);
  });

  it("S1 what a store throws about the token it was given is not the warning's message", async () => {
    const session = sessionAt(undefined, {
      refresh: async () => null,
      store: {
        ...memoryStore(),
        save: (tokens) => {
          throw new Error(`no room for ${JSON.stringify(tokens)}`);
        },
      },
    });
    await session.signIn("a-token-to-keep-quiet-about");
    expect(session.state.warning?.message).toBeDefined();
    expect(session.state.warning?.message).not.toContain("a-token");
    expect(JSON.stringify(session.state)).not.toContain("a-token");
  });

  it("S1 an insecure or token-bearing URL is refused without repeating its query", async () => {
    const token = timedToken(0);
    const errors: string[] = [];
    for (const url of ["http://evil.example/?key=opaque-secret", `https://evil.example/${token}`]) {
      try {
        new AuthSession({ refresh: url }, new ManualPlatform());
      } catch (error) {
        errors.push(inspect(error));
      }
    }
    expect(errors).toHaveLength(2);
    expect(errors.filter((text) => text.includes(token) || text.includes("opaque-secret"))).toEqual([]);
  });
});

describe("tokens in URLs", () => {
  const token = timedToken(0);

  it.each<[string, string | URL, AuthSocketOptionsIo?]>([
    ["the URL's query", `https://chat.example/?token=${token}`],
    ["the URL's path", `https://chat.example/${token}`],
    ["a URL object", new URL(`https://chat.example/?token=${token}`)],
    ["a URL's encoded Bearer header", `https://chat.example/?authorization=Bearer%20${token}`],
    ["a URL's encoded JSON", `https://chat.example/?auth=${encodeURIComponent(JSON.stringify({ token }))}`],
    ["io.query", "https://chat.example", { query: { token } }],
    ["io.path", "https://chat.example", { path: `/${token}/socket.io` }],
    ["io.query as a Bearer header", "https://chat.example", { query: { authorization: `Bearer ${token}` } }],
  ])("S2 a JWT in %s throws token_in_url", async (_, url, io) => {
    const make = () =>
      new AuthSocket(url, { refresh: "https://chat.example/r", autoConnect: false, ...(io && { io }) });
    expect(await codeOf(make)).toBe("token_in_url");
  });

  it("S2 a JWT in the refresh URL throws token_in_url", async () => {
    expect(await codeOf(() => sessionAt(undefined, { refresh: `https://chat.example/r?t=${token}` }))).toBe(
      "token_in_url",
    );
  });

  it("S2 an ordinary query throws nothing", async () => {
    const io = { query: { room: "eye.level.one", version: "1.2.3" } };
    const make = () =>
      new AuthSocket("https://chat.example/?v=1.2.3", { refresh: "/r", autoConnect: false, io });
    expect(await codeOf(make)).toBeUndefined();
  });
});

type AuthSocketOptionsIo = { query?: Record<string, string>; path?: string };

const loopback = [
  "http://localhost/r",
  "http://localhost:3000/r",
  "http://LOCALHOST:3000/r",
  "http://app.localhost:3000/r",
  "http://127.0.0.1:3000/r",
  "http://127.8.9.10/r",
  "http://[::1]:3000/r",
  "http://user:password@localhost/r",
];

const insecure = [
  "http://api.example/r",
  "HTTP://api.example/r",
  "http://localhost.evil.example/r",
  "http://evil-localhost/r",
  "http://localhost@evil.example/r",
  "http://localhost:3000@evil.example/r",
  "http://127.0.0.1.evil.example/r",
  "http://127.0.0.1@evil.example/r",
  "http://evil.example/@localhost/r",
  "http://evil.example?@localhost/r",
  "http://evil.example#@localhost/r",
  "http://evil.example\\@localhost/r",
  "http://localhost\\.evil.example/r",
  "http://192.168.0.1/r",
  "http://0.0.0.0.evil.example/r",
  "http://[::2]/r",
  "http://10.127.0.1/r",
];

describe("tokens over plain http", () => {
  it.each(loopback)("S3 %s is loopback", async (url) => {
    expect(await codeOf(() => sessionAt(undefined, { refresh: url }))).toBeUndefined();
    const make = () => new AuthSocket(url, { refresh: "/r", autoConnect: false });
    expect(await codeOf(make)).toBeUndefined();
  });

  it.each(insecure)("S3 %s throws insecure_url, for refresh and for the socket", async (url) => {
    expect(await codeOf(() => sessionAt(undefined, { refresh: url }))).toBe("insecure_url");
    expect(await codeOf(() => sessionAt(undefined, { refresh: { url } }))).toBe("insecure_url");
    for (const address of [url, url.replace(/^http/i, "ws")]) {
      const make = () => new AuthSocket(address, { refresh: "/r", autoConnect: false });
      expect(await codeOf(make)).toBe("insecure_url");
    }
  });

  // As `fetch` reads them; each goes to http://evil.example from an https page.
  it.each([
    " http://evil.example/r",
    "\thttp://evil.example/r",
    "ht\ntp://evil.example/r",
    "http:/evil.example/r",
    "http:evil.example/r",
    "http:\\\\evil.example/r",
  ])("S3 a refresh URL spelt %j sends nothing over plain http", async (refresh) => {
    const sent: unknown[] = [];
    const fetch = async (input: unknown) => {
      sent.push(input);
      return tokenResponse("fresh");
    };
    const ask = () => sessionAt("https://app.example/", { refresh, fetch }).getToken();
    expect(await codeOf(ask)).toBe("insecure_url");
    expect(sent).toEqual([]);
  });

  it.each(["/api/refresh-token", "api/refresh-token", "//intranet.example/r"])(
    "S3 a refresh URL of %s on a plain http page that is not loopback sends nothing",
    async (refresh) => {
      const sent: unknown[] = [];
      const fetch = async (input: unknown) => {
        sent.push(input);
        return tokenResponse("fresh");
      };
      const ask = (options: Partial<RefreshOptions>, address: string) =>
        codeOf(() => sessionAt(address, { refresh, fetch, ...options }).getToken());
      expect(await ask({}, "http://intranet.example/")).toBe("insecure_url");
      expect(sent).toEqual([]);
      expect(await ask({ allowInsecure: true }, "http://intranet.example/")).toBeUndefined();
      expect(await ask({}, "https://intranet.example/")).toBeUndefined();
      expect(sent).toHaveLength(2);
    },
  );

  it("S3 allowInsecure allows it, for the session and for the socket", async () => {
    const refresh = "http://api.example/r";
    expect(await codeOf(() => sessionAt(undefined, { refresh, allowInsecure: true }))).toBeUndefined();
    const make = () =>
      new AuthSocket("http://chat.example", { refresh, allowInsecure: true, autoConnect: false });
    expect(await codeOf(make)).toBeUndefined();
  });

  it("S3 https and wss are good anywhere", async () => {
    expect(
      await codeOf(() => sessionAt(undefined, { refresh: new URL("https://api.example/r") })),
    ).toBeUndefined();
    for (const url of ["https://chat.example", "wss://chat.example"]) {
      const make = () => new AuthSocket(url, { refresh: "/r", autoConnect: false });
      expect(await codeOf(make)).toBeUndefined();
    }
  });
});

describe("the refresh request", () => {
  const page = "https://app.example.test/inbox";

  it("S4 goes to this origin as a POST with cookies, a header that no form can send, and JSON", async () => {
    const endpoint = startRefreshEndpoint(
      () => tokenResponse("fresh"),
      "https://app.example.test/api/refresh",
    );
    const fetch = vi.fn<typeof globalThis.fetch>((input, init) =>
      globalThis.fetch(new URL(String(input), page), init),
    );
    const session = sessionAt(page, { refresh: "/api/refresh", fetch });
    expect(await session.getToken()).toBe("fresh");
    const [call] = endpoint.calls;
    expect(call?.body).toEqual({});
    expect(call?.headers.get("X-Requested-With")).toBe("authsocket");
    expect(call?.headers.get("Content-Type")).toBe("application/json");
    expect(call?.headers.get("Authorization")).toBeNull();
    expect(fetch).toHaveBeenCalledExactlyOnceWith(
      "/api/refresh",
      expect.objectContaining({ method: "POST", credentials: "include", redirect: "error" }),
    );
  });

  it("S4 goes to another origin without anything that costs a preflight", async () => {
    const endpoint = startRefreshEndpoint(() => tokenResponse("fresh"));
    expect(await sessionAt(page, { refresh: endpoint.url }).getToken()).toBe("fresh");
    const [call] = endpoint.calls;
    expect(call?.headers.get("X-Requested-With")).toBeNull();
    expect(call?.headers.get("Content-Type") ?? "").not.toContain("json");
    expect(call?.body).toBeUndefined();
    expect(call?.request.credentials).toBe("include");
  });

  it("S4 carries the refresh token where one is held, and the access token never", async () => {
    const endpoint = startRefreshEndpoint(() => tokenResponse("fresh"));
    const accessToken = timedToken(0);
    const store = memoryStore({ accessToken, refreshToken: REFRESH_TOKEN });
    await sessionAt(page, { refresh: endpoint.url, store }).getToken({ forceRefresh: true });
    const [call] = endpoint.calls;
    expect(call?.body).toEqual({ refreshToken: REFRESH_TOKEN });
    expect(JSON.stringify([...(call?.headers ?? [])])).not.toContain(accessToken);
    expect(call?.request.url).toBe(endpoint.url);
  });

  it("S4 carries the headers of the option, asked for each time where they are a function", async () => {
    const endpoint = startRefreshEndpoint((_, number) => tokenResponse(`token-${number}`));
    let asked = 0;
    const headers = () => ({ "X-CSRF": `csrf-${++asked}` });
    const session = sessionAt(page, { refresh: { url: endpoint.url, headers } });
    await session.getToken();
    await session.getToken({ forceRefresh: true });
    expect(endpoint.calls.map((call) => call.headers.get("X-CSRF"))).toEqual(["csrf-1", "csrf-2"]);
    const fixed = sessionAt(page, {
      refresh: { url: new URL(endpoint.url), headers: [["X-CSRF", "fixed"]] },
    });
    await fixed.getToken();
    expect(endpoint.calls[2]?.headers.get("X-CSRF")).toBe("fixed");
  });

  it("B6 a headers function that throws is a transient failure", async () => {
    const endpoint = startRefreshEndpoint(() => tokenResponse("fresh"));
    const headers = () => {
      throw new Error("no cookie yet");
    };
    const session = sessionAt(page, { refresh: { url: endpoint.url, headers } });
    await expect(session.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
    expect(session.state.status).toBe("waiting");
  });

  it("S4 a redirect is a failure and is not followed", async () => {
    const elsewhere = vi.fn(() => tokenResponse("stolen"));
    const endpoint = startRefreshEndpoint(() => Response.redirect("https://evil.example.test/r", 307));
    startRefreshEndpoint(elsewhere, "https://evil.example.test/r");
    const session = sessionAt(page, { refresh: endpoint.url });
    await expect(session.getToken()).rejects.toMatchObject({ code: "refresh_failed" });
    expect(elsewhere).not.toHaveBeenCalled();
  });
});
