import { AuthSession, AuthSocket, type DefaultEventsMap } from "authsocket";
import type { Socket } from "socket.io-client";
import { holds, type Same } from "./same.ts";

interface ServerToClient {
  message: (from: string, text: string) => void;
  tick: (count: number) => void;
}

interface ClientToServer {
  say: (text: string) => void;
  rename: (name: string, done: (taken: boolean) => void) => void;
}

interface AdminEvents {
  ban: (user: string) => void;
}

// Without maps, events are as in plain Socket.IO.
const plain = new AuthSocket("/", { refresh: "/api/refresh-token" });
plain.socket.on("anything", (first, second) => [first, second]);
plain.socket.emit("anything", 1, "two", { three: 3 });
holds<Same<typeof plain.socket, Socket<DefaultEventsMap, DefaultEventsMap>>>();

// Listen and emit maps reach the Socket.
const chat = new AuthSocket<ServerToClient, ClientToServer>("/chat", { refresh: "/api/refresh-token" });
holds<Same<typeof chat.socket, Socket<ServerToClient, ClientToServer>>>();
chat.socket.on("message", (from, text) => {
  holds<Same<typeof from, string>>();
  holds<Same<typeof text, string>>();
});
chat.socket.on("tick", (count) => holds<Same<typeof count, number>>());
chat.socket.on("connect", () => {});
chat.socket.on("disconnect", (reason) => reason.length);
chat.socket.emit("say", "hello");
chat.socket.emit("rename", "bob", (taken) => holds<Same<typeof taken, boolean>>());
const taken: Promise<boolean> = chat.socket.emitWithAck("rename", "bob");
void taken;

// @ts-expect-error: no such event to listen to
chat.socket.on("mesage", () => {});
// @ts-expect-error: a listener's arguments are typed
chat.socket.on("tick", (count: string) => count);
// @ts-expect-error: no such event to emit
chat.socket.emit("shout", "hello");
// @ts-expect-error: what the server emits is not for the client to emit
chat.socket.emit("tick", 1);
// @ts-expect-error: an emit's arguments are typed
chat.socket.emit("say", 42);
// @ts-expect-error: an emit's arguments are counted
chat.socket.emit("say");

// One map serves both ways.
const admin = new AuthSocket<AdminEvents>("/admin", { refresh: "/api/refresh-token" });
admin.socket.on("ban", (user) => holds<Same<typeof user, string>>());
admin.socket.emit("ban", "mallory");
// @ts-expect-error: the map serves emits, too
admin.socket.emit("unban", "mallory");

// of() has maps of its own, and not its parent's.
const room = chat.of<ServerToClient, ClientToServer>("room");
holds<Same<typeof room, AuthSocket<ServerToClient, ClientToServer>>>();
holds<Same<typeof room.session, AuthSession>>();
const same = chat.of<AdminEvents>("/admin");
holds<Same<typeof same, AuthSocket<AdminEvents, AdminEvents>>>();
// @ts-expect-error: the parent's events are not the child's
same.socket.emit("say", "hello");
const untyped = chat.of("/other");
holds<Same<typeof untyped, AuthSocket<DefaultEventsMap, DefaultEventsMap>>>();

// connect() and disconnect() are chained without losing the maps.
holds<Same<ReturnType<typeof chat.connect>, typeof chat>>();
chat.connect().disconnect().socket.emit("say", "bye");

// @ts-expect-error: the Socket is one for life
chat.socket = room.socket;
// @ts-expect-error: the session is one for life
chat.session = new AuthSession({ refresh: "/r" });
