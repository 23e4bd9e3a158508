import { type AuthSocket, memoryStore, type Refresh } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const MINUTE = 60_000;
const ENDPOINT = "https://virtual.test/refresh";

let opaque = 0;

const KINDS: [string, () => string][] = [
  ["a JWT", () => issueToken()],
  ["an opaque token", () => `opaque-${++opaque}`],
];

function json(body: object, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json" } });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function signedInStill(auth: AuthSocket, clear: ReturnType<typeof vi.fn>): void {
  expect(auth.session.state.status).toBe("signedIn");
  expect(clear).not.toHaveBeenCalled();
}

describe("B27 five minutes with somebody who is never content", () => {
  it.each(KINDS)(
    "B27 an API that answers 401 to every request, ten a second, with %s: one refresh",
    async (_, issue) => {
      const time = new VirtualTime();
      const server = new VirtualServer(time);
      const asked = { endpoint: 0, api: 0 };
      const fetch = async (input: unknown) => {
        await pause(20);
        if (String(input) !== ENDPOINT) {
          asked.api++;
          return json({}, 401);
        }
        asked.endpoint++;
        return json({ token: issue() });
      };
      const clear = vi.fn();
      const store = { ...memoryStore({ accessToken: issue() }), clear };
      const origins = ["https://virtual.test"];
      const auth = server.connect({ session: { refresh: ENDPOINT, fetch, store, origins } });
      const statuses = new Set<number>();
      const timer = setInterval(() => {
        void auth.session.fetch("https://virtual.test/api/me").then(({ status }) => statuses.add(status));
      }, 100);
      await time.pass(5 * MINUTE - 1_000);
      clearInterval(timer);
      expect(asked.api).toBeGreaterThan(2_900);
      expect(asked.endpoint).toBe(1);
      expect([...statuses]).toEqual([401]);
      expect(auth.state.status).toBe("connected");
      expect(server.connects.length).toBeLessThanOrEqual(2);
      signedInStill(auth, clear);
    },
  );

  it.each(KINDS)(
    "B7 a namespace that refuses %s by code, beside one that takes it: one refresh, and a backoff to a minute",
    async (_, issue) => {
      const time = new VirtualTime();
      const server = new VirtualServer(time);
      let attempts = 0;
      server.io.of("/admin").use((_, next) => {
        attempts++;
        next(new Refusal("no", { code: "token_invalid" }));
      });
      const refresh = vi.fn(async () => issue());
      const clear = vi.fn();
      const store = { ...memoryStore({ accessToken: issue() }), clear };
      const auth = server.connect({ session: { refresh, store } });
      await time.pass(1_000);
      const admin = auth.of("/admin");
      await time.pass(5 * MINUTE - 2_000);
      expect(refresh).toHaveBeenCalledTimes(1);
      // The sibling is still connected with the first token, since this server does not renew in band.
      expect(attempts).toBeLessThanOrEqual(15);
      expect(auth.state.status).toBe("connected");
      expect(admin.state.error?.code).toBe("token_rejected");
      signedInStill(auth, clear);
    },
  );

  it("B27 whoever asks: no refresh within ten seconds of the last one, and the next as soon as they are over", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const refreshes: number[] = [];
    const refresh = async () => {
      refreshes.push(Date.now());
      return issueToken();
    };
    const clear = vi.fn();
    const store = { ...memoryStore({ accessToken: issueToken() }), clear };
    const auth = server.connect({ session: { refresh, store } });
    await time.pass(1_000);
    // An API has refused the first token, and a namespace refuses the second.
    const second = await auth.session.getToken({ rejected: await auth.session.getToken() });
    const [first = 0] = refreshes;
    server.io.of("/admin").use(({ handshake }, next) => {
      next(handshake.auth.token === second ? new Refusal("no", { code: "token_expired" }) : undefined);
    });
    const admin = auth.of("/admin");
    await time.pass(9_000);
    expect(refreshes).toEqual([first]);
    expect(admin.state.status).toBe("connecting");
    await time.pass(2_000);
    expect(admin.state.status).toBe("connected");
    expect(refreshes).toEqual([first, first + 10_000]);
    signedInStill(auth, clear);
  });

  it("B27 an API that refused one token, and refuses another hours later: one refresh for each", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const refresh = vi.fn(async () => issueToken({ lifetime: 60 * MINUTE }));
    const store = memoryStore({ accessToken: issueToken({ lifetime: 60 * MINUTE }) });
    const { session } = server.connect({ session: { refresh, store } });
    await time.pass(1_000);
    // As an interceptor does, which tells of refusals alone.
    const refuse = async (token: string) => session.getToken({ rejected: token });
    const replacement = await refuse(await session.getToken());
    expect(refresh).toHaveBeenCalledTimes(1);
    // The API takes the replacement until it is renewed by the clock.
    await time.pass(120 * MINUTE);
    const renewed = await session.getToken();
    expect(renewed).not.toBe(replacement);
    const renewals = refresh.mock.calls.length;
    const next = await refuse(renewed);
    expect(next).not.toBe(renewed);
    expect(refresh).toHaveBeenCalledTimes(renewals + 1);
    // What is refused at once is not replaced again (B27).
    await time.pass(MINUTE);
    expect(await refuse(next)).toBe(next);
    expect(refresh).toHaveBeenCalledTimes(renewals + 1);
  });

  it("B16 B27 what the last user's tokens were refused for is not the next one's: his refused token has its refresh", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const first = issueToken({ subject: "bob" });
    let user = "alice";
    server.io.use(({ handshake }, next) => {
      const isRefused = user === "alice" || handshake.auth.token === first;
      next(isRefused ? new Refusal("no", { code: "token_expired" }) : undefined);
    });
    const refresh = vi.fn(async () => issueToken({ subject: user }));
    const store = memoryStore({ accessToken: issueToken() });
    const auth = server.connect({ session: { refresh, store } });
    await time.pass(30_000);
    expect(auth.state.error?.code).toBe("token_rejected");
    expect(refresh).toHaveBeenCalledTimes(1);
    user = "bob";
    await auth.session.signIn(first);
    await time.pass(30_000);
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(auth.state.status).toBe("connected");
  });

  it("B6 an endpoint that answers 403 in JSON: three requests, and the session is over", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const fetch = vi.fn(async () => json({ message: "Forbidden" }, 403));
    const store = memoryStore({ accessToken: issueToken({ lifetime: MINUTE }) });
    const auth = server.connect({ session: { refresh: ENDPOINT, fetch, store } });
    await time.pass(5 * MINUTE);
    expect(fetch).toHaveBeenCalledTimes(3);
    expect(server.connects).toHaveLength(1);
    expect(auth.state).toMatchObject({ status: "signedOut", error: { code: "session_expired" } });
  });

  it("B22 an endpoint that takes 12 s with one-time tokens: each is sent once, and the user stays signed in", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const used = new Set<string>();
    let issued = 0;
    const refresh = vi.fn<Refresh>(async ({ refreshToken = "" }) => {
      await pause(12_000);
      if (used.has(refreshToken)) return null;
      used.add(refreshToken);
      return { accessToken: issueToken({ lifetime: MINUTE }), refreshToken: `one-time ${++issued}` };
    });
    const clear = vi.fn();
    const held = { accessToken: issueToken({ lifetime: MINUTE }), refreshToken: "one-time 0" };
    const auth = server.connect({ session: { refresh, store: { ...memoryStore(held), clear } } });
    const statuses: string[] = [];
    auth.session.subscribe(({ status }) => statuses.push(status));
    await time.pass(5 * MINUTE);
    expect(refresh.mock.calls.length).toBeGreaterThanOrEqual(4);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(8);
    expect(used.size).toBeGreaterThanOrEqual(refresh.mock.calls.length - 1);
    expect(statuses).toContain("waiting"); // refresh_timeout was told
    expect(statuses).not.toContain("signedOut");
    expect(server.connects).toHaveLength(1);
    expect(clear).not.toHaveBeenCalled();
  });
});
