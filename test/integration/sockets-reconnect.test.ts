import { AuthSession, AuthSocket, memoryStore, type TokenSet } from "authsocket";
import { authenticate } from "authsocket/server";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { next, startServer, Tokens } from "../support/guarded-server.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";
import { uncaught } from "../support/uncaught.ts";

function sessionWith(store = memoryStore({ accessToken: issueToken() })) {
  const clock = new SkippableClock();
  const refresh = vi.fn(async (): Promise<TokenSet | string | null> => issueToken());
  const session = disposed(new AuthSession({ refresh, store }, clock));
  return { session, refresh, clock };
}

/** Events both ways, numbered, for as long as it runs. */
function traffic(auth: AuthSocket, emit: (count: number) => void) {
  const heard: number[] = [];
  let count = 0;
  auth.socket.on("news", (number: number) => heard.push(number));
  const timer = setInterval(() => {
    auth.socket.emit("note", count);
    emit(count);
    count++;
  }, 1);
  return {
    heard,
    stop: () => {
      clearInterval(timer);
      return count;
    },
  };
}

describe("reconnect() with a token that the refresh hands out again", () => {
  it("section 2: reconnects all the same, once", async () => {
    const server = await startAuthServer();
    const accessToken = issueToken();
    const { session, refresh } = sessionWith(memoryStore({ accessToken }));
    refresh.mockResolvedValue(accessToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    auth.reconnect();
    await server.until(() => server.handshakes === 2);
    await auth.whenConnected();
    await server.quiet();
    expect(server.handshakes).toBe(2);
    expect(refresh).toHaveBeenCalledOnce();
  });
});

describe("reconnect()", () => {
  it("B13 with the default transports and traffic both ways: a fresh token, and nothing is lost or comes twice", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const { id } = auth.socket;
    const { heard, stop } = traffic(auth, (count) => server.io.emit("news", count));
    await server.until(() => server.heard("note").length > 5 && heard.length > 0);
    for (let round = 2; round <= 4; round++) {
      auth.reconnect();
      await server.until(() => server.connections === round);
      await untilStatus(auth, "connected");
    }
    const count = stop();
    const all = Array.from({ length: count }, (_, index) => index);
    await server.until(() => server.heard("note").length >= count);
    expect(await auth.socket.emitWithAck("ask", "is it all there?")).toBe("is it all there?");
    expect(server.heard("note")).toEqual(all);
    expect(heard).toEqual(all);
    expect(auth.socket.id).toBe(id);
    expect(refresh).toHaveBeenCalledTimes(3);
    expect(new Set(server.tokens).size).toBe(4);
  });

  it("B27 takes the session's newer token where there is one, and refreshes for nobody", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const fresh = await session.getToken({ forceRefresh: true });
    auth.reconnect();
    await server.until(() => server.connections === 2);
    await untilStatus(auth, "connected");
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens.at(-1)).toBe(fresh);
  });

  it.each([[["websocket"]], [["polling", "websocket"]]])(
    "B13 in the midst of two bursts over %j: nothing is lost or comes twice, in either direction",
    async (transports) => {
      const server = await startAuthServer({ connectionStateRecovery: {} });
      const { session } = sessionWith();
      const auth = disposed(new AuthSocket(server.url, { session, io: { transports } }));
      const heard: number[] = [];
      auth.socket.on("news", (number: number) => heard.push(number));
      await auth.whenConnected();
      // Socket.IO recovers what follows the first event.
      const first = new Promise((resolve) => auth.socket.once("news", resolve));
      server.io.emit("news", 0);
      await first;
      await session.getToken({ forceRefresh: true });
      const burst = (from: number) => {
        for (let count = from; count < from + 100; count++) {
          auth.socket.emit("note", count);
          server.io.emit("news", count);
        }
      };
      burst(1);
      auth.reconnect();
      burst(101);
      await server.until(() => server.connections === 2);
      await untilStatus(auth, "connected");
      expect(await auth.socket.emitWithAck("ask", "is it all there?")).toBe("is it all there?");
      expect(server.heard("note")).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
      expect(heard).toEqual(Array.from({ length: 201 }, (_, index) => index));
    },
  );

  it("B2 takes all namespaces of the connection along, with one refresh and one engine", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, auth.of("/chat"), auth.of("/admin")];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    for (const socket of sockets) socket.reconnect();
    await server.until(() => server.connections === 6);
    await Promise.all(sockets.map((socket) => untilStatus(socket, "connected")));
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.handshakes).toBe(2);
    expect(server.doubles).toBe(0);
  });

  it("B13 waits for what is acknowledged, and what is emitted meanwhile goes out afterwards", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const answers = Promise.all(
      Array.from({ length: 50 }, (_, index) => auth.socket.emitWithAck("ask", index)),
    );
    auth.reconnect();
    const later = Promise.all(
      Array.from({ length: 50 }, (_, index) => auth.socket.emitWithAck("ask", 50 + index)),
    );
    expect([...(await answers), ...(await later)]).toEqual(Array.from({ length: 100 }, (_, index) => index));
    await server.until(() => server.connections === 2);
    expect(server.heard("ask")).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it("B9 a listener of the engine's close that throws leaves Socket.IO's delay as it was", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const { io } = auth.socket;
    const delay = io.reconnectionDelay();
    io.engine.on("close", () => {
      throw new Error("the app's own");
    });
    const reported = uncaught();
    const chat = auth.of("/chat").disconnect();
    auth.reconnect();
    expect((await reported).message).toBe("the app's own");
    expect(io.reconnectionDelay()).toBe(delay);
    // Nor are emits held back, in a namespace that was not connected meanwhile either.
    await chat.connect().whenConnected();
    expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
  });

  it("B27 is exempt from the budget: each call may cost a refresh", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    for (let round = 1; round <= 3; round++) {
      auth.reconnect();
      await server.until(() => server.connections === round + 1);
      await untilStatus(auth, "connected");
      expect(refresh).toHaveBeenCalledTimes(round);
    }
  });

  it("B6 while the refresh fails, the connection stays; it is renewed once a token comes", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock } = sessionWith();
    refresh.mockRejectedValueOnce(new Error("down"));
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const statuses = recordStatuses(auth);
    auth.reconnect();
    await untilStatus(session, "waiting");
    expect(statuses).toEqual(["connected"]);
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    await clock.skip(30_000);
    await server.until(() => server.connections === 2);
    await untilStatus(auth, "connected");
  });

  it("connects where it is not connected, with a fresh token; signed out it waits for a sign-in; disposed of it does nothing", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    await auth.reconnect().whenConnected();
    const first = refresh.mock.calls.length;
    auth.disconnect();
    await auth.reconnect().whenConnected();
    expect(refresh.mock.calls.length).toBe(first + 1);
    await session.signOut();
    auth.reconnect();
    expect(auth.state.status).toBe("signedOut");
    const bob = issueToken({ subject: "bob" });
    await session.signIn(bob);
    await auth.whenConnected();
    expect(server.tokens.at(-1)).toBe(bob);
    auth.dispose();
    const { connections } = server;
    expect(auth.reconnect()).toBe(auth);
    await server.quiet();
    expect(server.connections).toBe(connections);
  });

  it("B7 while it backs off since a fresh token was refused, it asks for another one at once", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    let isRefused = true;
    server.admit = () => {
      if (isRefused) throw new Refusal("no", { code: "token_invalid" });
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    await until(auth, ({ error }) => error?.code === "token_rejected");
    isRefused = false;
    // Its clock stands still: no backoff ends.
    await auth.reconnect().whenConnected();
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(new Set(server.tokens).size).toBe(3);
  });

  it("after refused, it comes back with a fresh token", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    await clock.skip(10_001);
    server.kick();
    await untilStatus(auth, "refused");
    await auth.reconnect().whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(new Set(server.tokens).size).toBe(2);
  });

  it("B13 where authsocket/server would renew in band, it opens a new engine all the same, and keeps the identity", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    io.on("connection", (socket) => socket.on("who", (answer) => answer(socket.data.auth.subject)));
    const { session, refresh } = sessionWith(memoryStore({ accessToken: tokens.issue() }));
    refresh.mockImplementation(async () => tokens.issue());
    const auth = disposed(new AuthSocket(url, { session }));
    const hello = next(auth.socket as never, "auth:session");
    await auth.whenConnected();
    await hello;
    const { engine } = auth.socket.io;
    const again = next(auth.socket as never, "auth:session");
    auth.reconnect();
    await again;
    await until(auth, ({ status }) => status === "connected");
    expect(auth.socket.io.engine).not.toBe(engine);
    expect(await auth.socket.emitWithAck("who")).toBe("alice");
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(tokens.seen).toHaveLength(2);
  });
});

describe("reconnect() of a socket that is not connected", () => {
  it.each(["before the store was read", "after disconnect()"])(
    "section 2: %s, connects once, with a token that was asked for anew",
    async (when) => {
      const server = await startAuthServer();
      const fresh = issueToken();
      const { session, refresh } = sessionWith();
      const asked = deferred<string>();
      refresh.mockImplementation(() => asked.promise);
      const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
      if (when !== "before the store was read") {
        await auth.connect().whenConnected();
        auth.disconnect();
      }
      const before = server.tokens.length;
      auth.reconnect();
      expect(auth.state.status).toBe("connecting");
      await until(session, ({ status }) => status === "refreshing");
      await server.quiet();
      asked.resolve(fresh);
      await auth.whenConnected();
      expect(server.tokens.slice(before)).toEqual([fresh]);
      expect(refresh).toHaveBeenCalledTimes(1);
    },
  );

  it("B6 where the refresh fails, connects with the token that is still good", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    refresh.mockRejectedValue(new Error("down"));
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    auth.reconnect();
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B6 while the refresh endpoint is out, connects at once with the token that is still good", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    refresh.mockRejectedValue(new Error("down"));
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    await expect(session.getToken({ forceRefresh: true })).rejects.toThrow();
    expect(session.state.status).toBe("waiting");
    auth.disconnect().reconnect();
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("T13 B27 that has to wait asks for the token at once", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnection: false } }));
    await auth.whenConnected();
    server.admit = () => {
      throw new Refusal("no", { code: "insufficient_scope" });
    };
    auth.disconnect().connect();
    for (let count = 0; count < 3; count++) {
      await untilStatus(auth, "refused");
      auth.reconnect();
    }
    await untilStatus(auth, "refused");
    const asked = refresh.mock.calls.length;
    auth.reconnect();
    await until(session, () => refresh.mock.calls.length === asked + 1);
    server.admit = () => {};
    expect(auth.state).toMatchObject({ status: "connecting", retryAt: expect.any(Number) });
    await clock.skip(10_000);
    await auth.whenConnected();
    expect(server.tokens.at(-1)).toBe(session.token);
    expect(refresh).toHaveBeenCalledTimes(asked + 1);
  });

  it("T13 B11 that has to wait does so, though its refresh is answered on the spot", async () => {
    const server = await startAuthServer();
    const clock = new SkippableClock();
    clock.leases = () => undefined;
    const refresh = vi.fn(() => issueToken());
    const session = disposed(
      new AuthSession({ refresh, store: memoryStore({ accessToken: issueToken() }) }, clock),
    );
    const root = disposed(new AuthSocket(server.url, { session }));
    const auth = root.of("/chat");
    await Promise.all([root.whenConnected(), auth.whenConnected()]);
    server.admit = (_, socket) => {
      if (socket.nsp.name === "/chat") throw new Refusal("no", { code: "insufficient_scope" });
    };
    auth.disconnect().connect();
    for (let count = 0; count < 3; count++) {
      await untilStatus(auth, "refused");
      auth.reconnect();
    }
    await untilStatus(auth, "refused");
    server.admit = () => {};
    auth.reconnect();
    await root.socket.emitWithAck("ask", 1);
    expect(auth.state).toMatchObject({ status: "connecting", retryAt: expect.any(Number) });
    expect(auth.socket.connected).toBe(false);
    await clock.skip(10_000);
    await auth.whenConnected();
    expect(await auth.socket.emitWithAck("ask", 2)).toBe(2);
  });

  it("B27 shows a retry that nobody has seen so far, while it waits", async () => {
    const server = await startAuthServer();
    const { session, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    server.admit = () => {
      throw new Refusal("no", { code: "insufficient_scope" });
    };
    auth.disconnect().connect();
    await untilStatus(auth, "refused");
    server.admit = () => {
      throw new Refusal("later", { code: "unavailable", retryAfter: 60_000 });
    };
    const before = server.connects.length;
    clock.wakeUp();
    await clock.skip(1_500);
    await server.until(() => server.connects.length > before);
    await server.quiet();
    expect(auth.state.status).toBe("refused");
    auth.reconnect();
    expect(auth.state.status).toBe("connecting");
  });

  it("T13 B8 a token that comes while connect() waits is sent, and not asked to be replaced", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock } = sessionWith();
    server.admit = () => {
      throw new Refusal("no", { code: "insufficient_scope" });
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    for (let count = 0; count < 4; count++) {
      await untilStatus(auth, "refused");
      auth.disconnect().connect();
    }
    expect(auth.state).toMatchObject({ status: "connecting", retryAt: expect.any(Number) });
    server.admit = () => {};
    const promoted = issueToken({ claims: { role: "admin" } });
    await session.signIn(promoted);
    await clock.skip(10_000);
    await auth.whenConnected();
    expect(server.tokens.at(-1)).toBe(promoted);
    expect(refresh).not.toHaveBeenCalled();
  });
});
