import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Namespace } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { startServer } from "../support/guarded-server.ts";
import { lateAnswer } from "../support/late-answer.ts";
import { identify, protect } from "../support/load.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { slowLineTo } from "../support/slow-line.ts";
import { untilStatus } from "../support/states.ts";
import { uncaught } from "../support/uncaught.ts";

const PERIOD = 5;

/** Numbers every five ms from the server to "/", and from the client to "/chat", over a line of 50 ms round trip. */
async function busy(guard: (namespace: Namespace) => void) {
  const server = await startServer({ connectionStateRecovery: {} });
  const { io } = server;
  guard(io.of("/"));
  guard(io.of("/chat"));
  let handshakes = 0;
  io.engine.on("connection", () => handshakes++);
  const { url } = await slowLineTo(server.url, 25);
  const clock = new SkippableClock();
  const session = disposed(
    new AuthSession({ store: memoryStore(), refresh: async () => issueToken() }, clock),
  );
  const auth = disposed(
    new AuthSocket(url, {
      session,
      // Who waits for Socket.IO's own delay does not come back within this test.
      io: { transports: ["websocket"], reconnectionDelay: 60_000, reconnectionDelayMax: 60_000 },
    }),
  );
  const chat = auth.of("/chat");
  await Promise.all([auth.whenConnected(), chat.whenConnected()]);
  // A connection that is new is cut for its token's sake (B14), and the next refresh may come (B27).
  await clock.skip(10_001);
  const received: number[] = [];
  auth.socket.on("down", (number: number) => received.push(number));
  let sent = 0;
  const down = setInterval(() => io.of("/").emit("down", sent++), PERIOD);
  const up = setInterval(() => chat.socket.emit("up"), PERIOD);
  /** Whether every number has arrived, once and in order. */
  const complete = async () => {
    clearInterval(down);
    clearInterval(up);
    await new Promise<void>((resolve) => {
      auth.socket.once("last", () => resolve());
      io.of("/").emit("last");
    });
    return received.length === sent && received.every((number, index) => number === index);
  };
  const silence = () => clearInterval(up);
  return { io, auth, chat, silence, complete, handshakes: () => handshakes };
}

describe("a namespace that is kicked with packets in flight", () => {
  it.each([
    ["a plain server", protect],
    [
      "authsocket/server",
      (namespace: Namespace) => void authenticate(namespace, { verify: async (token) => identify(token) }),
    ],
  ])("T5 of %s: its sibling is back within one handshake, and has lost nothing", async (_, guard) => {
    const { io, auth, chat, complete, handshakes } = await busy(guard);
    const { id } = auth.socket;
    const back = new Promise<void>((resolve) => auth.socket.once("connect", resolve));

    io.of("/chat").disconnectSockets();
    await back;

    expect(auth.socket.id).toBe(id);
    expect(auth.socket.recovered).toBe(true);
    expect(handshakes()).toBe(2);
    expect((await untilStatus(chat, "refused")).error.code).toBe("kicked");
    expect(await complete()).toBe(true);
  });

  it("T5 every emitWithAck of the sibling is answered or rejected", async () => {
    const { io, auth, complete } = await busy(protect);
    io.of("/").on("connection", (socket) => socket.on("ask", (acknowledge: () => void) => acknowledge()));
    for (const socket of io.of("/").sockets.values()) {
      socket.on("ask", (acknowledge: () => void) => acknowledge());
    }
    const back = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    const answers: Promise<string>[] = [];
    const asking = setInterval(() => {
      answers.push(
        auth.socket.emitWithAck("ask").then(
          () => "answered",
          ({ message }) => message,
        ),
      );
    }, PERIOD);

    io.of("/chat").disconnectSockets();
    await back;
    clearInterval(asking);

    for (const outcome of await Promise.all(answers)) {
      expect(["answered", "socket has been disconnected"]).toContain(outcome);
    }
    expect(await auth.socket.emitWithAck("ask")).toBeUndefined();
    expect(await complete()).toBe(true);
  });

  it("T5 with nothing in flight its sibling stays connected", async () => {
    const { io, auth, chat, silence, complete, handshakes } = await busy(protect);
    silence();
    await new Promise<void>((resolve) => {
      for (const socket of io.of("/chat").sockets.values()) socket.once("last", () => resolve());
      chat.socket.emit("last");
    });

    io.of("/chat").disconnectSockets();
    await untilStatus(chat, "refused");

    expect(await complete()).toBe(true);
    expect(handshakes()).toBe(1);
    expect(auth.state.status).toBe("connected");
  });

  it("T5 a refused namespace costs its siblings nothing, whatever it wants to send", async () => {
    const { io, auth, complete, handshakes } = await busy(protect);
    io.of("/admin").use((_, next) => next(new Error("Admin access required")));
    const admin = auth.of("/admin");
    for (let number = 0; number < 20; number++) admin.socket.emit("up", number);

    await untilStatus(admin, "refused");

    expect(await complete()).toBe(true);
    expect(handshakes()).toBe(1);
    expect(auth.state.status).toBe("connected");
  });
});

describe("a namespace that comes and goes beside a connected one", () => {
  const IO = { reconnectionDelay: 1, reconnectionDelayMax: 1 };

  async function pair({ delay = 0, transports = ["websocket"] } = {}) {
    const server = await startAuthServer();
    const url = delay > 0 ? (await slowLineTo(server.url, delay)).url : server.url;
    const session = disposed(
      new AuthSession({
        refresh: async () => issueToken(),
        store: memoryStore({ accessToken: issueToken() }),
      }),
    );
    const auth = disposed(new AuthSocket(url, { session, io: { ...IO, transports } }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    return { server, auth, chat };
  }

  it.each<[string, (auth: AuthSocket, chat: AuthSocket) => AuthSocket]>([
    ["disconnect() and connect()", (_, chat) => chat.disconnect().connect()],
    [
      "dispose() and of()",
      (auth, chat) => {
        chat.dispose();
        return auth.of("/chat");
      },
    ],
  ])("T4 %s at once cost the sibling nothing", async (_, act) => {
    const { server, auth, chat } = await pair();
    await act(auth, chat).whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it.each<[string, (auth: AuthSocket, chat: AuthSocket) => void]>([
    ["asks for a namespace for the first time", (auth) => auth.of("/later")],
    [
      "disposes of a socket and asks for its namespace again",
      (auth, chat) => {
        chat.dispose();
        auth.of("/chat");
      },
    ],
  ])("T11 B11 a listener that %s as the transport is lost: all come back, each time", async (_, act) => {
    const { server, auth, chat } = await pair();
    chat.socket.once("disconnect", () => act(auth, chat));
    for (const handshakes of [2, 3, 4]) {
      server.drop();
      await server.until(() => server.handshakes === handshakes);
      await Promise.all([auth.whenConnected(), auth.of("/chat").whenConnected()]);
      await auth.socket.emitWithAck("ask", handshakes);
    }
  });

  it("T4 B9 a callback that throws as its namespace is left costs the sibling nothing", async () => {
    const { server, auth, chat } = await pair();
    const reported = uncaught();
    chat.socket.timeout(60_000).emit("hang", () => {
      throw new Error("the app's own");
    });
    await chat.disconnect().connect().whenConnected();
    expect((await reported).message).toBe("the app's own");
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it("B12 T3 a namespace that is left and connected anew as the engine opens sends one CONNECT", async () => {
    const { server, auth, chat } = await pair();
    auth.disconnect();
    chat.disconnect();
    await server.until(() => server.sockets().length === 0);
    auth.socket.io.once("open", () => void chat.disconnect().connect());
    await Promise.all([auth.connect().whenConnected(), chat.connect().whenConnected()]);
    await Promise.all([auth, chat].map(({ socket }) => socket.emitWithAck("ask", 1)));
    expect(server.doubles).toBe(0);
    expect(server.sockets("/chat")).toHaveLength(1);
  });

  it("B18 an answer that comes after its namespace was left is not sent, and costs the sibling nothing", async () => {
    const { server, auth, chat } = await pair();
    const answer = await lateAnswer(server, chat, "/chat");
    chat.disconnect();
    await server.until(() => server.sockets("/chat").length === 0);
    answer("late");
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.handshakes).toBe(1);
  });

  it("T4 by polling, too, where what was sent before is on its way for long", async () => {
    const { server, auth, chat } = await pair({ delay: 50, transports: ["polling"] });
    await server.quiet();
    chat.socket.emit("leave");
    await chat.disconnect().connect().whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it("T4 B11 dispose() and of() in a listener, behind which the closing is still queued", async () => {
    const { server, auth, chat } = await pair();
    const again = new Promise<AuthSocket>((resolve) => {
      const unsubscribe = auth.session.subscribe(() => {
        unsubscribe();
        chat.dispose();
        resolve(auth.of("/chat"));
      });
    });
    await auth.session.getToken({ forceRefresh: true });
    await (await again).whenConnected();
    expect(await auth.socket.emitWithAck("ask", 1)).toBe(1);
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it("T4 by polling, a sibling that never stops sending keeps nobody from coming back", async () => {
    const { server, auth, chat } = await pair({ delay: 25, transports: ["polling"] });
    const timer = setInterval(() => auth.socket.emit("note"), 5);
    onTestFinished(() => clearInterval(timer));
    await server.until(() => server.heard("note").length > 3);
    await chat.disconnect().connect().whenConnected();
    expect(server.handshakes).toBe(1);
  });
});
