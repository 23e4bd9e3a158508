import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Server } from "socket.io";
import { describe, expect, it, vi } from "vitest";
import { type AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startServer, Tokens } from "../support/guarded-server.ts";
import { Happenings } from "../support/happenings.ts";
import { plainSocket } from "../support/plain-socket.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

let opaque = 0;

/** A token that says nothing about itself. */
const issueOpaque = () => `opaque-${++opaque}`;

function sessionWith(issue: () => string, options: Partial<RefreshOptions> = {}) {
  const token = issue();
  const clock = new SkippableClock();
  const refresh = vi.fn<() => Promise<string | null>>(async () => issue());
  const store = memoryStore({ accessToken: token });
  const session = disposed(new AuthSession({ refresh, store, ...options }, clock));
  return { session, token, clock, refresh };
}

async function openServer(): Promise<AuthServer> {
  const server = await startAuthServer();
  server.admit = () => {};
  return server;
}

/** Disconnects every socket as soon as it is connected. */
function alwaysKick(server: AuthServer): void {
  const kick = (socket: { disconnect(): void }) => socket.disconnect();
  server.io.on("connection", kick).on("new_namespace", (namespace) => namespace.on("connection", kick));
}

/** Connects, and hears an event, so that there is something to recover. */
async function hearNews(io: Server, auth: AuthSocket): Promise<void> {
  const heard = new Promise((resolve) => auth.socket.once("news", resolve));
  await auth.whenConnected();
  io.emit("news");
  await heard;
}

describe("B14 a disconnect by the server", () => {
  it("B14 at the token's expiry: one reconnect at once with the token that is already fresh", async () => {
    const server = await startAuthServer({ cutAtExpiry: true });
    const refresh = vi.fn(async () => issueToken({ lifetime: 1_500 }));
    const store = memoryStore();
    const auth = disposed(new AuthSocket(server.url, { refresh, store }));
    const reconnects: number[] = [];
    await auth.whenConnected();
    auth.socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") reconnects.push(refresh.mock.calls.length);
    });
    await server.until(() => server.connections === 4);
    // Each token was refreshed once, before the cut, and none after it.
    expect(reconnects.slice(0, 3)).toEqual([2, 3, 4]);
    expect(new Set(server.tokens).size).toBe(server.tokens.length);
    expect(server.doubles).toBe(0);
  });

  it("B14 when the token's renewal was due, with a refresh that had not run: one refresh, one reconnect", async () => {
    const server = await openServer();
    const { session, clock, refresh } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const statuses = recordStatuses(auth);
    await auth.whenConnected();
    vi.spyOn(clock, "now").mockImplementation(() => Date.now() + 3_590_000);
    server.kick();
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(statuses).toEqual(["connecting", "connected", "connecting", "connected"]);
    expect(new Set(server.tokens).size).toBe(2);
  });

  it("B8 B14 who is found in the store at the last user's cut does not pay for it", async () => {
    const server = await startAuthServer();
    const refresh = vi.fn(async () => issueToken());
    const store = memoryStore({ accessToken: issueToken() });
    const session = disposed(new AuthSession({ refresh, store }));
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    await store.save({ accessToken: issueToken({ subject: "bob" }) });
    server.kick();
    await until(auth, ({ status }) => status !== "connected");
    await auth.whenConnected();
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B14 at the end that the server has just told, with most of the token's life left: no kick", async () => {
    const server = await openServer();
    const { session, clock, refresh } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    await clock.skip(60_000);
    let answer = (_: string) => {};
    refresh.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    // So little that it has passed by the time that the client looks.
    server.io.emit("auth:expiring", { expiresIn: 1e-9 });
    server.kick();
    await until(auth, ({ status }) => status !== "connected");
    expect(auth.state.status).toBe("connecting");
    answer(issueToken());
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B14 when the token's expiry is unknown: one refresh, one reconnect", async () => {
    const server = await openServer();
    const { session, refresh } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    server.kick();
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalledWith(expect.objectContaining({ reason: "rejected" }));
    expect(new Set(server.tokens).size).toBe(2);
  });

  it("B14 when the token is no longer the session's: one reconnect, no refresh", async () => {
    const server = await openServer();
    const { session, refresh, token } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const fresh = await session.getToken({ forceRefresh: true });
    server.kick();
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens).toEqual([token, fresh]);
  });

  it("B14 with a good token, when the connection is no longer new: kicked, no refresh, no reconnect", async () => {
    const server = await openServer();
    const { session, refresh, clock } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    await clock.skip(10_001);
    server.kick();
    const { error } = await untilStatus(auth, "refused");
    expect(error.code).toBe("kicked");
    await clock.skip(60_000);
    await server.quiet();
    expect(server.connections).toBe(1);
    expect(refresh).not.toHaveBeenCalled();
    expect(session.state.status).toBe("signedIn");
    await auth.connect().whenConnected();
    expect(server.connections).toBe(2);
    expect(refresh).toHaveBeenCalledTimes(1); // connect() asks for a fresh token first
    expect(new Set(server.tokens).size).toBe(2);
  });

  it("B14 a kick of one namespace leaves its sibling alone", async () => {
    const server = await openServer();
    const { session, clock } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    await clock.skip(10_001);
    server.kick("/chat");
    await untilStatus(chat, "refused");
    await server.quiet();
    expect(auth.state.status).toBe("connected");
    expect(server.handshakes).toBe(1);
  });

  it.each<[string, (chat: AuthSocket) => unknown]>([
    ["its app", (chat) => chat.disconnect().connect()],
    ["Alice, since Bob signs in,", (chat) => chat.session.signIn(issueToken({ subject: "bob" }))],
  ])(
    "B14 B16 the server's disconnect for a connection that was left by %s does not end the next one",
    async (_, leave) => {
      const server = await startAuthServer();
      const { session } = sessionWith(issueToken);
      const auth = disposed(new AuthSocket(server.url, { session }));
      const chat = auth.of("/chat");
      // Kept open while the session's sockets leave.
      plainSocket(auth.socket, "/public", issueToken()).connect();
      await Promise.all([auth.whenConnected(), chat.whenConnected()]);
      // As over a long line: it comes when the next CONNECT is on its way already.
      server.admit = (_, { nsp, conn }) => {
        if (nsp.name === "/chat") (conn as unknown as { send(packet: string): void }).send("1/chat,");
      };
      const statuses = recordStatuses(chat);
      await leave(chat);
      await chat.whenConnected();
      expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
      expect(statuses).not.toContain("refused");
      expect(server.handshakes).toBe(1);
      expect(server.doubles).toBe(0);
    },
  );

  it("B14 cut again within ten seconds: kicked", async () => {
    const server = await openServer();
    const { session, clock, refresh } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    server.kick();
    await server.until(() => server.connections === 2);
    await untilStatus(auth, "connected");
    await clock.skip(9_000);
    server.kick();
    const { error } = await untilStatus(auth, "refused");
    expect(error.code).toBe("kicked");
    await server.quiet();
    expect(server.connections).toBe(2);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B14 with a good token, when the connection is new: one refresh, one reconnect", async () => {
    const server = await openServer();
    const { session, refresh } = sessionWith(issueToken);
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    server.kick();
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(new Set(server.tokens).size).toBe(2);
  });

  it.each([
    ["within five minutes: kicked", 20_000, 2, "refused"],
    ["more than five minutes apart: a token matter each time", 160_000, 3, "connected"],
  ] as const)(
    "B14 cut for the third time with no end to the token, %s",
    async (_, apart, refreshes, outcome) => {
      const server = await openServer();
      const { session, clock, refresh } = sessionWith(issueOpaque);
      const auth = disposed(new AuthSocket(server.url, { session }));
      await auth.whenConnected();
      for (let cut = 1; cut <= 2; cut++) {
        server.kick();
        await server.until(() => server.connections === cut + 1);
        await untilStatus(auth, "connected");
        await clock.skip(apart);
      }
      server.kick();
      await until(auth, ({ status }) => status !== "connected");
      await untilStatus(auth, outcome);
      expect(refresh).toHaveBeenCalledTimes(refreshes);
      expect(session.state.status).toBe("signedIn");
    },
  );

  it("B14 a token with an end that is cut again and again, each time later than ten seconds: never refused at its end", async () => {
    const server = await openServer();
    const { session, clock, refresh } = sessionWith(() => issueToken({ lifetime: 20_000 }));
    const auth = disposed(new AuthSocket(server.url, { session }));
    const statuses = recordStatuses(auth);
    await auth.whenConnected();
    for (let cut = 1; cut <= 4; cut++) {
      await clock.skip(19_000);
      server.kick();
      await server.until(() => server.connections === cut + 1);
      await untilStatus(auth, "connected");
    }
    expect(statuses).not.toContain("refused");
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(8);
  });

  it("B14 a transport drop in between does not hide the second cut", async () => {
    const server = await openServer();
    const { session } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnectionDelay: 1 } }));
    await auth.whenConnected();
    server.kick();
    await server.until(() => server.connections === 2);
    await untilStatus(auth, "connected");
    server.drop();
    await server.until(() => server.connections === 3);
    await untilStatus(auth, "connected");
    server.kick();
    await untilStatus(auth, "refused");
    expect(auth.state).toMatchObject({ error: { code: "kicked" } });
  });

  it("B14 a cut while the refresh endpoint is down: no sign-out, and back when it is up", async () => {
    const server = await openServer();
    const { session, refresh, clock } = sessionWith(issueOpaque, { retry: { base: 10_000 } });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    refresh.mockRejectedValueOnce(new Error("down"));
    server.kick();
    await until(auth, (state) => "retryAt" in state);
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "refresh_failed" } });
    await clock.skip(10_000);
    await auth.whenConnected();
    expect(server.connections).toBe(2);
  });

  it("B14 eight namespaces cut over one token share one refresh", async () => {
    const server = await openServer();
    const { session, refresh } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    server.kick();
    await server.until(() => server.connections === 16);
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe("B14 a plain server with recovery, which verifies no connection that it recovers", () => {
  it.each(["auto", "reconnect"] as const)(
    "B14 its cut at the end of the token of before is no kick: back at once, renewal: %s",
    async (renewal) => {
      const server = await startAuthServer({ connectionStateRecovery: {} });
      const { session, clock, refresh } = sessionWith(() => issueToken());
      const auth = disposed(
        new AuthSocket(server.url, {
          session,
          renewal,
          io: { reconnectionDelay: 1, reconnectionDelayMax: 1 },
        }),
      );
      await hearNews(server.io, auth);
      await clock.skip(3_000_000);
      expect(await session.getToken({ forceRefresh: true })).toBe(session.token);
      if (renewal === "auto") server.drop();
      await until(auth, (state) => state.status === "connected" && state.recovered);
      await clock.skip(600_000);
      server.kick();
      await server.until(() => server.connections === 3);
      await auth.whenConnected();
      expect(server.tokens.at(-1)).toBe(session.token);
      expect(refresh).toHaveBeenCalledTimes(1);
    },
  );

  it("B14 B8 its cut before that end brings the newer token, and costs no refresh", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { session, clock, refresh } = sessionWith(() => issueToken());
    const auth = disposed(
      new AuthSocket(server.url, { session, io: { reconnectionDelay: 1, reconnectionDelayMax: 1 } }),
    );
    await hearNews(server.io, auth);
    await session.getToken({ forceRefresh: true });
    server.drop();
    await until(auth, (state) => state.status === "connected" && state.recovered);
    await clock.skip(60_000);
    server.kick();
    await server.until(() => server.connections === 3);
    await auth.whenConnected();
    expect(server.tokens.at(-1)).toBe(session.token);
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe("B14 T13 a plain server with recovery, which keeps a session after it was resumed", () => {
  it.each(["auto", "reconnect"] as const)(
    "B14 T13 whom it disconnects at each connection is kicked after a few, renewal: %s",
    async (renewal) => {
      const server = await startAuthServer({ connectionStateRecovery: {} });
      const { session, clock } = sessionWith(() => issueToken());
      const io = { reconnectionDelay: 1, reconnectionDelayMax: 1 };
      const auth = disposed(new AuthSocket(server.url, { session, renewal, io }));
      await hearNews(server.io, auth);
      await clock.skip(3_000_000);
      await session.getToken({ forceRefresh: true });
      if (renewal === "auto") server.drop();
      await until(auth, (state) => state.status === "connected" && state.recovered);
      await clock.skip(700_000);
      server.io.on("connection", (socket) => socket.disconnect());
      const { connections } = server;
      server.kick();
      expect((await untilStatus(auth, "refused")).error.code).toBe("kicked");
      expect(server.connections - connections).toBeLessThanOrEqual(2);
    },
  );

  it("B19 what the app has left is not resumed: its middleware is asked, and its rooms are left", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    const { session } = sessionWith(() => issueToken());
    const io = { reconnectionDelay: 1, reconnectionDelayMax: 1 };
    const auth = disposed(new AuthSocket(server.url, { session, io }));
    await hearNews(server.io, auth);
    server.drop();
    await until(auth, (state) => state.status === "connected" && state.recovered);
    server.io.socketsJoin("room");
    await auth.disconnect().connect().whenConnected();
    expect(auth.state).toMatchObject({ recovered: false });
    expect(server.connects.at(-1)?.payload).toEqual({ token: session.token });
    expect(server.sockets().map(({ rooms }) => rooms.has("room"))).toEqual([false]);
  });
});

describe("B14 a server that says hello on each recovery", () => {
  it("B14 has verified the token of then: whom it disconnects is kicked", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    const tokens = new Tokens();
    authenticate(io, { verify: tokens.verify });
    const { session, clock, refresh } = sessionWith(() => tokens.issue());
    const auth = disposed(
      new AuthSocket(url, {
        session,
        renewal: "reconnect",
        io: { reconnectionDelay: 1, reconnectionDelayMax: 1 },
      }),
    );
    let hellos = 0;
    const happenings = new Happenings();
    auth.socket.on("auth:session", () => {
      hellos++;
      happenings.happened();
    });
    await hearNews(io, auth);
    await session.getToken({ forceRefresh: true });
    await until(auth, (state) => state.status === "connected" && state.recovered);
    await happenings.until(() => hellos > 1);
    await clock.skip(60_000);
    io.disconnectSockets();
    const { error } = await untilStatus(auth, "refused");
    expect(error.code).toBe("kicked");
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe("T13 a server that always kicks", () => {
  it.each([
    ["a good token", () => issueToken(), 2],
    ["a token of unknown expiry", issueOpaque, 2],
    ["a token of five seconds", () => issueToken({ lifetime: 5_000 }), 2],
    // On a busy machine it may be near its end when it is cut, which is no kick (B5).
    ["a token of half a second", () => issueToken({ lifetime: 500 }), 4],
  ])("T13 with %s: never more than a few attempts in ten seconds", async (_, issue, most) => {
    const server = await openServer();
    alwaysKick(server);
    const { session, clock } = sessionWith(issue);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const { error } = await untilStatus(auth, "refused");
    expect(error.code).toBe("kicked");
    for (let second = 0; second < 10; second++) {
      await clock.skip(1_000);
      await server.quiet();
    }
    expect(server.connections).toBeLessThanOrEqual(most);
    // B4: until the app gives it up, the session's token is renewed all the same.
    auth.disconnect();
    expect(clock.pending).toBe(0);
  });

  it("T13 each connect() of the app is good for a few attempts, no more", async () => {
    const server = await openServer();
    alwaysKick(server);
    const { session } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session }));
    for (let call = 1; call <= 3; call++) {
      await untilStatus(auth, "refused");
      await server.quiet();
      expect(server.connections).toBeLessThanOrEqual(2 * call);
      auth.connect();
    }
  });

  it("T13 eight namespaces: each is given up", async () => {
    const server = await openServer();
    alwaysKick(server);
    const { session, refresh } = sessionWith(issueOpaque);
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    await Promise.all(sockets.map((socket) => untilStatus(socket, "refused")));
    await server.quiet();
    expect(server.connects.length).toBeLessThanOrEqual(16);
    expect(refresh.mock.calls.length).toBeLessThanOrEqual(2);
  });
});
