import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import type { Socket } from "socket.io";
import { describe, expect, it, vi } from "vitest";
import { issueToken, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { Happenings } from "../support/happenings.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

const refusalEvents = { exception: (error: unknown) => Object(error).status === 401 };

/** A server that verifies the token of the handshake again at each message, and keeps the connection. */
async function guarded(options: { connectionStateRecovery?: object } = {}) {
  const server = await startAuthServer(options);
  const happenings = new Happenings();
  const guard = { refuses: (_: unknown) => false };
  const taken: unknown[] = [];
  const refused: unknown[] = [];
  server.io.on("connection", (socket: Socket) => {
    socket.emit("welcome"); // so that there is something to recover
    socket.on("say", (text: unknown) => {
      if (guard.refuses(socket.handshake.auth.token)) {
        refused.push(text);
        socket.emit("exception", { status: 401, message: "Unauthorized" });
      } else taken.push(text);
      happenings.happened();
    });
  });
  const token = issueToken();
  const clock = new SkippableClock();
  const refresh = vi.fn(async () => issueToken());
  const session = disposed(new AuthSession({ refresh, store: memoryStore({ accessToken: token }) }, clock));
  const connect = (events: Record<string, (...args: unknown[]) => boolean> = refusalEvents) =>
    disposed(new AuthSocket(server.url, { session, refusalEvents: events }));
  return {
    server,
    guard,
    taken,
    refused,
    token,
    clock,
    refresh,
    session,
    connect,
    until: happenings.until.bind(happenings),
  };
}

describe("B26 a server that keeps the connection and refuses its events", () => {
  it("B26 what is on its way is refused, and nothing after it: one refresh, one reconnect, nothing lost", async () => {
    const { server, guard, taken, refused, token, refresh, connect, until: happened } = await guarded();
    const auth = connect();
    await auth.whenConnected();
    guard.refuses = (sent) => sent === token;
    const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
    let count = 0;
    for (; count < 20; count++) auth.socket.emit("say", count);
    await heard;
    // The refusal has arrived: whatever is said from here on waits for the fresh token.
    const onTheirWay = count;
    for (; count < 40; count++) auth.socket.emit("say", count);
    await happened(() => taken.length + refused.length === count);
    expect(refused).toEqual(Array.from({ length: onTheirWay }, (_, index) => index));
    expect(taken).toEqual(Array.from({ length: count - onTheirWay }, (_, index) => onTheirWay + index));
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalledWith(expect.objectContaining({ reason: "rejected", token }));
    expect(server.connects).toHaveLength(2);
    expect(new Set(server.tokens).size).toBe(2);
  });

  it("B13 B26 where the renewal in band was refused, what is emitted goes out with a new connection", async () => {
    const { server, guard, taken, token, session, connect, until: happened } = await guarded();
    server.io.on("connection", (socket: Socket) => {
      socket.emit("auth:session", { expiresIn: 3_600_000 });
      socket.on("auth:renew", (_: unknown, answer: (verdict: object) => void) =>
        answer({ code: "unavailable" }),
      );
    });
    const auth = connect();
    await auth.whenConnected();
    await server.quiet();
    await session.getToken({ forceRefresh: true });
    await server.until(() => server.heard("auth:renew").length === 1);
    guard.refuses = (sent) => sent === token;
    const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
    auth.socket.emit("say", "refused");
    await heard;
    auth.socket.emit("say", "held");
    await happened(() => taken.includes("held"));
    expect(server.handshakes).toBe(2);
  });

  it("B13 B26 with reconnection: false, the fresh token is given to the open connection, and so are those that follow", async () => {
    const { server, guard, token, session } = await guarded();
    server.io.on("connection", (socket: Socket) => {
      socket.emit("auth:session", { expiresIn: 3_600_000 });
    });
    const io = { reconnection: false };
    const auth = disposed(new AuthSocket(server.url, { session, refusalEvents, io }));
    await auth.whenConnected();
    guard.refuses = (sent) => sent === token;
    auth.socket.emit("say", 1);
    await server.until(() => server.heard("auth:renew").length === 1);
    const first = session.token;
    const second = await session.getToken({ forceRefresh: true });
    await server.until(() => server.heard("auth:renew").length === 2);
    expect(first).not.toBe(token);
    expect(server.heard("auth:renew")).toEqual([{ token: first }, { token: second }]);
    expect(server.connections).toBe(1);
  });

  it("B27 with reconnection: false, a fresh token is sent once, however many events are refused meanwhile", async () => {
    const { server, guard, refused, session, until: happened } = await guarded();
    server.io.on("connection", (socket: Socket) => {
      socket.emit("auth:session", { expiresIn: 3_600_000 });
    });
    const io = { reconnection: false };
    const auth = disposed(new AuthSocket(server.url, { session, refusalEvents, io }));
    await auth.whenConnected();
    guard.refuses = () => true;
    auth.socket.emit("say", 1);
    await server.until(() => server.heard("auth:renew").length === 1);
    for (const count of [2, 3, 4]) {
      const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
      auth.socket.emit("say", count);
      await heard;
    }
    // What the refusals have caused arrives before this one.
    auth.socket.emit("say", 5);
    await happened(() => refused.length === 5);
    expect(server.heard("auth:renew")).toEqual([{ token: session.token }]);
  });

  it("B26 a fresh token that is refused likewise changes nothing more: the state says so", async () => {
    const { server, guard, refused, refresh, session, clock, connect, until: happened } = await guarded();
    guard.refuses = () => true;
    const auth = connect();
    await auth.whenConnected();
    auth.socket.emit("say", 1);
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    auth.socket.emit("say", 2);
    const { error } = await until(auth, ({ error }) => error !== undefined);
    expect(error).toMatchObject({ code: "token_rejected", message: expect.stringContaining("exception") });
    expect(auth.state.status).toBe("connected");
    const { state } = auth;
    const statuses = recordStatuses(auth);
    for (let count = 3; count < 30; count++) {
      auth.socket.emit("say", count);
      await happened(() => refused.length === count);
      await clock.skip(10_000);
    }
    expect(auth.state).toBe(state);
    expect(statuses).toEqual(["connected"]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connections).toBe(2);
    expect(session.state.status).toBe("signedIn");
  });

  it("B26 where the session has a newer token already, it costs no refresh", async () => {
    const { server, guard, token, refresh, session, connect } = await guarded();
    const auth = connect();
    await auth.whenConnected();
    const fresh = await session.getToken({ forceRefresh: true });
    guard.refuses = (sent) => sent === token;
    auth.socket.emit("say", 1);
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens).toEqual([token, fresh]);
  });

  it("B26 an event of another name, a no, anything but true and a throw change nothing", async () => {
    const { server, guard, refused, refresh, session, connect, until: happened } = await guarded();
    const report = vi.spyOn(
      (session["~session" as never] as { platform: { report(e: unknown): void } }).platform,
      "report",
    );
    report.mockImplementation(() => {});
    guard.refuses = () => true;
    const asked: string[] = [];
    const answers = [
      () => false,
      () => 1 as unknown as boolean,
      () => undefined as unknown as boolean,
      () => {
        throw new Error("the app's own");
      },
    ];
    for (const [index, answer] of answers.entries()) {
      const auth = connect({
        exception: () => {
          asked.push(`answer ${index}`);
          return answer();
        },
        other: () => true,
      });
      await auth.whenConnected();
      const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
      auth.socket.emit("say", index);
      await heard;
    }
    await happened(() => refused.length === answers.length);
    await server.quiet();
    expect(asked).toEqual(["answer 0", "answer 1", "answer 2", "answer 3"]);
    expect(report).toHaveBeenCalledTimes(1);
    expect(server.connections).toBe(answers.length);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B26 what a recovery replays was said of an earlier connection, and changes nothing", async () => {
    const { server, refresh, token, connect } = await guarded({ connectionStateRecovery: {} });
    const auth = connect();
    await auth.whenConnected();
    const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
    const [socket] = server.sockets();
    const { rooms } = socket ?? { rooms: new Set<string>() };
    const [own = ""] = rooms;
    server.drop();
    await server.until(() => server.sockets().length === 0);
    server.io.to(own).emit("exception", { status: 401 });
    await heard;
    await auth.whenConnected();
    expect(auth.state).toMatchObject({ status: "connected", recovered: true });
    await server.quiet();
    expect(refresh).not.toHaveBeenCalled();
    expect(server.tokens).toEqual([token, token]);
  });

  it.each(["toString", "constructor", "hasOwnProperty"])(
    "B26 an event named %s is looked up among the app's own names alone",
    async (event) => {
      const { server, refresh, connect } = await guarded();
      const auth = connect();
      await auth.whenConnected();
      const heard = new Promise((resolve) => auth.socket.once(event, resolve));
      server.io.emit(event, { status: 401 });
      await heard;
      await server.quiet();
      expect(refresh).not.toHaveBeenCalled();
      expect(server.connections).toBe(1);
    },
  );

  it("B26 B27 a thousand refusals of one token cost one refresh", async () => {
    const { server, refresh, connect } = await guarded();
    const auth = connect();
    await auth.whenConnected();
    for (let count = 0; count < 1_000; count++) server.io.emit("exception", { status: 401 });
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connections).toBe(2);
  });

  it("B26 a refresh that brings the same token again: what was held goes out with it, and the state says so", async () => {
    const { server, guard, refused, token, refresh, connect, until: happened } = await guarded();
    refresh.mockImplementation(async () => token);
    guard.refuses = () => true;
    const auth = connect();
    await auth.whenConnected();
    const heard = new Promise((resolve) => auth.socket.once("exception", resolve));
    auth.socket.emit("say", 1);
    await heard;
    auth.socket.emit("say", 2);
    await happened(() => refused.length === 2);
    await until(auth, ({ error }) => error?.code === "token_rejected");
    expect(await auth.socket.emitWithAck("ask", 3)).toBe(3);
    expect(refused).toEqual([1, 2]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connections).toBe(2);
  });

  it("B26 while the refresh endpoint is down nothing is cut off, and the fresh token is used once it is there", async () => {
    const { server, guard, token, taken, refresh, clock, connect, until: happened } = await guarded();
    refresh.mockRejectedValueOnce(new Error("down"));
    const auth = connect();
    await auth.whenConnected();
    guard.refuses = (sent) => sent === token;
    auth.socket.emit("say", 1);
    await until(auth.session, ({ status }) => status === "waiting");
    expect(auth.state.status).toBe("connected");
    auth.socket.emit("say", 2);
    await clock.skip(30_000);
    await server.until(() => server.connections === 2);
    auth.socket.emit("say", 3);
    await happened(() => taken.length === 2);
    expect(taken).toEqual([2, 3]);
    expect(refresh).toHaveBeenCalledTimes(2);
  });

  it("B26 T12 with retries, what is next while the refresh lasts uses up none of its tries", async () => {
    const { server, guard, taken, token, refresh, session } = await guarded();
    guard.refuses = (presented) => presented === token;
    const fresh = deferred<string>();
    refresh.mockImplementation(() => fresh.promise);
    const ackTimeout = 10_000;
    const auth = disposed(
      new AuthSocket(server.url, { session, refusalEvents, io: { retries: 1, ackTimeout } }),
    );
    const timers = new Set<() => void>();
    const { setTimeoutFn, clearTimeoutFn } = auth.socket.io as unknown as Record<string, typeof setTimeout>;
    Object.assign(auth.socket.io, {
      setTimeoutFn: (run: () => void, ms: number) => {
        if (ms !== ackTimeout) return setTimeoutFn?.(run, ms);
        timers.add(run);
        return run;
      },
      clearTimeoutFn: (timer: never) => timers.delete(timer) || clearTimeoutFn?.(timer),
    });
    await auth.whenConnected();
    const answers = ["one", "two", "three"].map((text) => auth.socket.emitWithAck("say", text));
    await untilStatus(session, "refreshing");
    // The second was on its way.
    await answers[1];
    await server.quiet();
    // The time of the third runs out, again and again.
    for (const run of timers) {
      timers.delete(run);
      run();
    }
    fresh.resolve(issueToken());
    expect(await answers[2]).toBe("three");
    expect(taken).toEqual(["three"]);
  });

  it("B26 B27 an event that its sender may not send costs one refresh and one reconnect, however often it is sent", async () => {
    const { server, guard, refused, refresh, clock, connect, until: happened } = await guarded();
    guard.refuses = () => true;
    const auth = connect();
    await auth.whenConnected();
    for (let count = 1; count <= 4; count++) {
      await clock.skip(15_000);
      auth.socket.emit("say", count);
      await happened(() => refused.length === count);
      await auth.socket.emitWithAck("ask", count);
    }
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connections).toBe(2);
  });

  it("B26 B27 a token whose events were taken for hours may be revoked as the one before it", async () => {
    const {
      server,
      guard,
      token,
      refresh,
      clock,
      session,
      connect,
      taken,
      until: happened,
    } = await guarded();
    const auth = connect();
    await auth.whenConnected();
    const revoked = new Set<unknown>([token]);
    guard.refuses = (sent) => revoked.has(sent);
    auth.socket.emit("say", 1);
    await server.until(() => server.connections === 2);
    await auth.whenConnected();
    await clock.skip(60_000);
    server.drop();
    await server.until(() => server.connections === 3);
    await until(auth, ({ status }) => status === "connected");
    revoked.add(session.token);
    auth.socket.emit("say", 2);
    await server.until(() => server.connections === 4);
    auth.socket.emit("say", 3);
    await happened(() => taken.length === 1);
    expect(taken).toEqual([3]);
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});
