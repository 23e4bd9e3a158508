import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { describe, expect, it, onTestFinished } from "vitest";
import { AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startRefreshEndpoint, tokenResponse } from "../support/refresh-endpoint.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

const OUTAGE = 20_000;

function unavailable(): Response {
  return new Response(null, { status: 503 });
}

/** Lets so many seconds pass, and each refresh that falls due in them be answered. */
async function pass(seconds: number, clock: SkippableClock, session: AuthSession): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.skip(1_000);
    await until(session, ({ status }) => status !== "refreshing");
  }
}

describe("B6 the refresh endpoint is down for 20 seconds", () => {
  it.each([
    ["answers 503", unavailable],
    ["cannot be reached", () => Response.error()],
    ["answers with a page", () => new Response("<html>", { headers: { "Content-Type": "text/html" } })],
  ])("B6 it %s: no sign-out, bounded requests, and back by itself", async (_, failure) => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    const end = clock.now() + OUTAGE;
    const endpoint = startRefreshEndpoint(() =>
      clock.now() < end ? failure() : tokenResponse(issueToken({ lifetime: 3_600_000 })),
    );
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const session = disposed(new AuthSession({ refresh: endpoint.url, store }, clock));
    const statuses = recordStatuses(session);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const chat = auth.of("/chat");
    auth.socket.emit("draft", 1);
    await until(auth, (state) => "error" in state);
    await pass(OUTAGE / 1_000, clock, session);
    expect(endpoint.calls.length).toBeGreaterThan(2);
    expect(endpoint.calls.length).toBeLessThanOrEqual(8);
    expect(server.connects).toEqual([]);
    await pass(30, clock, session);
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    await auth.socket.emitWithAck("ask", 1);
    expect(statuses).not.toContain("signedOut");
    expect(server.heard("draft")).toEqual([1]);
    expect(server.connects).toHaveLength(2);
  });

  it("B6 a socket that is connected stays connected, and its token is renewed when the endpoint is back", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    let down = true;
    const renewed = issueToken();
    const endpoint = startRefreshEndpoint(() => (down ? unavailable() : tokenResponse(renewed)));
    const token = issueToken({ lifetime: 100_000 });
    const session = disposed(
      new AuthSession({ refresh: endpoint.url, store: memoryStore({ accessToken: token }) }, clock),
    );
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const statuses = recordStatuses(auth);
    await clock.skip(80_000);
    await untilStatus(session, "waiting");
    expect(await session.getToken()).toBe(token);
    const failed = endpoint.calls.length;
    down = false;
    clock.wakeUp(true);
    await untilStatus(session, "signedIn");
    expect(await session.getToken()).toBe(renewed);
    expect(endpoint.calls).toHaveLength(failed + 1);
    expect(statuses).toEqual(["connected"]);
    expect(server.connects).toHaveLength(1);
  });

  it("B6 it answers 401 where no refresh token is held: session_expired after one more try", async () => {
    const server = await startAuthServer();
    const endpoint = startRefreshEndpoint(() => new Response(null, { status: 401 }));
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const auth = disposed(new AuthSocket(server.url, { refresh: endpoint.url, store }));
    const { error } = await untilStatus(auth, "signedOut");
    expect(error).toMatchObject({ code: "session_expired" });
    expect(endpoint.calls).toHaveLength(2);
    await server.quiet();
    expect(server.connects).toEqual([]);
    expect(store.load()).toBeNull();
  });

  it("B12 a parked socket asks nothing of the server, and connect() meanwhile changes nothing", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    const endpoint = startRefreshEndpoint();
    const store = memoryStore({ accessToken: issueToken({ lifetime: -1 }) });
    const session = disposed(
      new AuthSession({ refresh: endpoint.url, store, retry: { base: 1_000_000, max: 1_000_000 } }, clock),
    );
    const auth = disposed(new AuthSocket(server.url, { session }));
    await until(auth, (state) => "retryAt" in state);
    await server.quiet();
    const { requests } = server;
    const { state } = auth;
    auth.connect();
    auth.socket.connect();
    expect(auth.state).toBe(state);
    await clock.skip(60_000);
    await server.quiet();
    expect(server.requests).toBe(requests);
    expect(endpoint.calls).toHaveLength(1);
    auth.disconnect();
    expect(auth.state).toEqual({ status: "idle" });
    expect(clock.pending).toBe(0);
  });
});

describe("T11 a listener of the first handshake's failure", () => {
  /** A server that is down until it is started. */
  async function soon() {
    const gone = await startAuthServer();
    const { port, hostname, href } = new URL(gone.url);
    await gone.close();
    const start = async () => {
      const server = new AuthServer();
      server.http.listen(Number(port), hostname);
      onTestFinished(() => server.close());
      return server;
    };
    const store = memoryStore({ accessToken: issueToken() });
    const session = disposed(
      new AuthSession({ refresh: async () => issueToken(), store }, new SkippableClock()),
    );
    const io = { reconnectionDelay: 20, reconnectionDelayMax: 20, transports: ["websocket"] };
    const auth = disposed(new AuthSocket(href, { session, io }));
    return { auth, other: auth.of("/other"), session, start };
  }

  it.each<[string, (auth: AuthSocket, other: AuthSocket) => void]>([
    ["makes a socket", (auth) => auth.of("/new")],
    ["connects a socket again", (auth) => auth.disconnect().connect()],
    ["connects each again", (...sockets) => sockets.map((socket) => socket.disconnect().connect())],
    [
      "connects all again",
      (...sockets) => {
        for (const socket of sockets) socket.disconnect();
        for (const socket of sockets) socket.connect();
      },
    ],
  ])("B11 B24 that %s does not end all reconnecting", async (_, act) => {
    const { auth, other, start } = await soon();
    const statuses = recordStatuses(other);
    const failed = new Promise<void>((resolve) => {
      auth.socket.once("connect_error", () => {
        act(auth, other);
        resolve();
      });
    });
    await failed;
    const server = await start();
    await Promise.all([auth.whenConnected(), other.whenConnected()]);
    server.drop();
    await until(auth, ({ status }) => status === "connecting");
    await Promise.all([auth.whenConnected(), other.whenConnected()]);
    expect(statuses).not.toContain("refused");
  });
});
