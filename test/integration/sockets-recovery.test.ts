import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { authenticate } from "authsocket/server";
import type { Server } from "socket.io";
import { describe, expect, it, vi } from "vitest";
import { type AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { next, startServer } from "../support/guarded-server.ts";
import { identify, protect } from "../support/load.ts";
import { MemoryCluster } from "../support/memory-cluster.ts";
import { plainSocket } from "../support/plain-socket.ts";

// By websocket: a poll that has just been answered drops what is volatile.
const IO = { transports: ["websocket"], reconnectionDelay: 1 };

async function connected(guard: (io: Server) => unknown, options = {}) {
  const { io, url } = await startServer(options);
  guard(io);
  const payloads: unknown[] = [];
  io.use((socket, next) => {
    payloads.push(Object.keys(socket.handshake.auth));
    next();
  });
  const auth = disposed(
    new AuthSocket(url, {
      store: memoryStore(),
      refresh: async () => issueToken(),
      io: IO,
    }),
  );
  const received: unknown[] = [];
  auth.socket.on("news", (number: number) => received.push(number));
  await auth.whenConnected();
  /** Waits until what was sent has arrived. */
  const arrived = async (event: string, emit: () => void) => {
    const heard = new Promise((resolve) => auth.socket.once(event, resolve));
    emit();
    await heard;
  };
  const dropAndMiss = async (number: number) => {
    const back = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    const [socket] = io.sockets.sockets.values();
    if (!socket) throw new Error("the client is not connected");
    const gone = next(socket, "disconnect");
    socket.conn.close();
    await gone;
    io.emit("news", number);
    await back;
  };
  return { io, auth, received, payloads, arrived, dropAndMiss };
}

/** As in Socket.IO's MongoDB adapter. */
const objectId = (index: number) => `65f0c0dea1b2c3d4e5${String(index).padStart(6, "0")}`;

const recovering = { connectionStateRecovery: {} };

/** Drops every connection, until the server has let go of the one in "/chat". */
async function dropped(server: AuthServer): Promise<void> {
  const [socket] = server.sockets("/chat");
  if (!socket) throw new Error("the client is not connected");
  const gone = next(socket, "disconnect");
  server.drop();
  await gone;
}

describe("a volatile event whose last argument is a text", () => {
  it.each<[string, (io: Server) => unknown]>([
    ["a plain server", (io) => protect(io.of("/"))],
    ["authsocket/server", (io) => authenticate(io, { verify: async (token) => identify(token) })],
  ])("T10 of %s spoils no recovery: the same id, and nothing lost or duplicated", async (_, guard) => {
    const { io, auth, received, arrived, dropAndMiss } = await connected(guard, recovering);
    const { id } = auth.socket;
    await arrived("news", () => io.emit("news", 1));
    for (const text of ["12:00", "", "a text of some length", "1767225600000"]) {
      await arrived("time", () => io.volatile.emit("time", text));
    }

    await dropAndMiss(2);
    await arrived("news", () => io.emit("news", 3));

    expect(auth.socket.recovered).toBe(true);
    expect(auth.socket.id).toBe(id);
    expect(received).toEqual([1, 2, 3]);
  });

  it("T10 that looks like an offset costs the recovery, as in Socket.IO, and no more", async () => {
    const { io, auth, arrived, dropAndMiss, received } = await connected(
      (io) => protect(io.of("/")),
      recovering,
    );
    await arrived("word", () => io.volatile.emit("word", "Refresh"));

    await dropAndMiss(1);
    await arrived("news", () => io.emit("news", 2));

    expect(auth.state).toMatchObject({ status: "connected", recovered: false });
    expect(received).toEqual([2]);
  });

  it.each<[string, number]>([
    ["offline", 0],
    ["Refresh", 1],
  ])(
    "T10 B19 where offsets are ObjectIds, the word %j costs %i recoveries, and no more",
    async (word, lost) => {
      const { io, auth, arrived, dropAndMiss } = await connected((io) => protect(io.of("/")), {
        ...recovering,
        adapter: new MemoryCluster(objectId).adapter,
      });
      await arrived("news", () => io.emit("news", 0));
      await arrived("word", () => io.volatile.emit("word", word));
      const recovered: boolean[] = [];
      for (const number of [1, 2, 3]) {
        await arrived("news", () => io.emit("news", number));
        await dropAndMiss(number);
        recovered.push(auth.socket.recovered);
      }
      expect(recovered).toEqual([lost === 0, true, true]);
    },
  );

  it("B19 offsets of another shape are Socket.IO's own matter", async () => {
    const options = { ...recovering, adapter: new MemoryCluster().adapter };
    const { io, auth, received, arrived, dropAndMiss } = await connected(
      (io) => protect(io.of("/")),
      options,
    );
    await arrived("news", () => io.emit("news", 1));

    await dropAndMiss(2);

    expect(auth.socket.recovered).toBe(true);
    expect(received).toEqual([1, 2]);
  });

  it.each<[string, (auth: AuthSocket, io: Server) => void]>([
    ["the app has left and come back", (auth) => void auth.disconnect().connect()],
    ["the server has disconnected it", (_, io) => io.disconnectSockets()],
  ])("B19 after %s, a drop before the next event is recovered, as in Socket.IO", async (_, leave) => {
    const { io, auth, received, arrived, dropAndMiss } = await connected(() => {}, recovering);
    await arrived("news", () => io.emit("news", 1));
    const back = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
    leave(auth, io);
    await back;
    await dropAndMiss(2);
    expect(auth.socket.recovered).toBe(true);
    expect(received).toEqual([1, 2]);
  });

  it("B16 T6 what was broadcast before a user came is not recovered for them by the last user's offset", async () => {
    // It sends nothing by itself that would have an offset.
    const { io, auth, received, arrived, dropAndMiss } = await connected(() => {}, recovering);
    await arrived("news", () => io.emit("news", 1));
    await auth.session.signOut();
    await vi.waitFor(() => expect(io.sockets.sockets.size).toBe(0));
    io.emit("news", 2);
    await auth.session.signIn(issueToken({ subject: "bob" }));
    await auth.whenConnected();
    await dropAndMiss(3);
    await arrived("news", () => io.emit("news", 4));
    expect(received).toEqual([1, 4]);
  });

  it("T10 B19 an event that the server wants acknowledged has no offset, whatever its last argument", async () => {
    const { io, auth, received, arrived, dropAndMiss } = await connected(
      (io) => protect(io.of("/")),
      recovering,
    );
    await arrived("news", () => io.emit("news", 1));
    auth.socket.on("question", (_: string, answer: (text: string) => void) => answer("yes"));
    expect(await io.timeout(5_000).emitWithAck("question", "room-42")).toEqual(["yes"]);
    await dropAndMiss(2);
    expect(auth.socket.recovered).toBe(true);
    expect(received).toEqual([1, 2]);
  });

  it("B16 what recovery replays is not handed on after one of its listeners has changed the user", async () => {
    const { io, auth, received, arrived } = await connected((io) => protect(io.of("/")), recovering);
    await arrived("news", () => io.emit("news", 1));
    const bob = issueToken({ subject: "bob" });
    auth.socket.on("bye", () => void auth.session.signIn(bob));
    const [socket] = io.sockets.sockets.values();
    if (!socket) throw new Error("the client is not connected");
    const gone = next(socket, "disconnect");
    socket.conn.close();
    await gone;
    for (const [event, value] of [
      ["news", 2],
      ["bye", 0],
      ["news", 3],
    ] as const) {
      io.emit(event, value);
    }
    await vi.waitFor(() => expect(auth.session.state).toMatchObject({ subject: "bob" }));
    await auth.whenConnected();
    await arrived("news", () => io.emit("news", 4));
    expect(received).toEqual([1, 2, 4]);
  });

  it("T10 a server without recovery is sent the token and nothing else", async () => {
    const { io, payloads, arrived, dropAndMiss } = await connected((io) => protect(io.of("/")));
    await arrived("word", () => io.emit("word", "goodbye"));

    await dropAndMiss(1);

    expect(payloads).toEqual([["token"], ["token"]]);
  });
});

describe("what is done in an event that recovery replays", () => {
  async function replaying(act: (auth: AuthSocket, chat: AuthSocket) => void) {
    const server = await startAuthServer(recovering);
    const session = disposed(
      new AuthSession({
        refresh: async () => issueToken(),
        store: memoryStore({ accessToken: issueToken() }),
      }),
    );
    const auth = disposed(new AuthSocket(server.url, { session, io: IO }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    const first = [auth, chat].map(({ socket }) => new Promise((resolve) => socket.once("news", resolve)));
    for (const { namespace } of [{ namespace: "/" }, { namespace: "/chat" }])
      server.io.of(namespace).emit("news", 1);
    await Promise.all(first);
    const done = new Promise<void>((resolve) =>
      chat.socket.once("bye", () => {
        act(auth, chat);
        resolve();
      }),
    );
    await dropped(server);
    server.io.of("/chat").emit("bye");
    await done;
    return { server, auth, chat };
  }

  it("B11 T4 dispose(): its namespace can be asked for again", async () => {
    const { auth } = await replaying((_, chat) => chat.dispose());
    await auth.whenConnected();
    const again = auth.of("/chat");
    await again.whenConnected();
    expect(await again.socket.emitWithAck("ask", 1)).toBe(1);
  });

  it("B11 disconnect() and connect(): is connected when the server has answered that, and not before", async () => {
    const { auth, chat } = await replaying((_, chat) => chat.disconnect().connect());
    await chat.whenConnected();
    expect(chat.socket.connected).toBe(true);
    expect(chat.state).toMatchObject({ id: chat.socket.id });
    expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
    await auth.whenConnected();
  });
});

describe("a socket that leaves before the server has answered its CONNECT", () => {
  it.each([
    ["at once", false],
    ["once the server has heard of it", true],
  ])(
    "B19 T4 and comes back %s: what it has missed by then is not taken for recovered",
    async (_, isLater) => {
      const server = await startAuthServer(recovering);
      const store = memoryStore({ accessToken: issueToken() });
      const auth = disposed(new AuthSocket(server.url, { store, refresh: async () => issueToken(), io: IO }));
      const chat = auth.of("/chat");
      await Promise.all([auth.whenConnected(), chat.whenConnected()]);
      const received: number[] = [];
      chat.socket.on("news", (number: number) => received.push(number));
      const arrived = async (number: number) => {
        const heard = new Promise((resolve) => chat.socket.once("news", resolve));
        server.io.of("/chat").emit("news", number);
        await heard;
      };
      await arrived(1);
      const left = new Promise<void>((resolve) => {
        auth.socket.io.once("open", async () => {
          await Promise.resolve(); // Socket.IO sends the CONNECTs
          chat.disconnect();
          if (!isLater) chat.connect();
          resolve();
        });
      });
      await dropped(server);
      server.io.of("/chat").emit("news", 2);
      await left;
      if (isLater) {
        await server.until(() => server.connections === 4 && server.sockets("/chat").length === 0);
        chat.connect();
      }
      await chat.whenConnected();
      await arrived(3);
      expect(received).toEqual([1, 3]);
      expect(chat.socket.recovered).toBe(false);
      expect(server.handshakes).toBe(2);
    },
  );
});

describe("a plain Socket that of() takes over", () => {
  it.each(["while it is being reconnected", "and that was left then"])(
    "B16 T6 %s is the session's user's from then on: what another was to recover with it is not",
    async (when) => {
      const server = await startAuthServer(recovering);
      const store = memoryStore({ accessToken: issueToken() });
      const auth = disposed(new AuthSocket(server.url, { store, refresh: async () => issueToken(), io: IO }));
      await auth.whenConnected();
      const plain = plainSocket(auth.socket, "/chat", issueToken({ subject: "bob" })).connect();
      const received: number[] = [];
      plain.on("news", (number: number) => received.push(number));
      await new Promise<void>((resolve) => plain.once("connect", resolve));
      const [bobs] = server.sockets("/chat");
      if (!bobs) throw new Error("the client is not connected");
      const gone = next(bobs, "disconnect");
      const heard = new Promise((resolve) => plain.once("news", resolve));
      await bobs.join("bob's room");
      bobs.emit("news", 1);
      await heard;
      const taken = new Promise<AuthSocket>((resolve) =>
        auth.socket.io.once("reconnect_attempt", () => {
          if (when === "and that was left then") plain.disconnect();
          resolve(auth.of("/chat"));
        }),
      );
      server.drop();
      await gone;
      server.io.of("/chat").to("bob's room").emit("news", 2);
      const chat = await taken;
      await chat.whenConnected();
      expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
      expect(chat.socket.recovered).toBe(false);
      expect(received).toEqual([1]);
      expect(server.received.map(({ subject }) => subject)).toEqual(["alice"]);
    },
  );
});

describe("cookie mode", () => {
  it("B19 the first connection of a page is recovered, as later ones are", async () => {
    const server = await startAuthServer(recovering);
    server.admit = () => {};
    const session = disposed(new AuthSession({ credential: "cookie", refresh: async () => "" }));
    const auth = disposed(new AuthSocket(server.url, { session, io: IO }));
    await auth.whenConnected();
    for (const number of [1, 2]) {
      const heard = new Promise((resolve) => auth.socket.once("news", resolve));
      server.io.emit("news", number);
      await heard;
      const back = new Promise<void>((resolve) => auth.socket.once("connect", resolve));
      server.drop();
      await back;
      expect(auth.socket.recovered).toBe(true);
    }
  });
});
