import { type UserSockets, userRoom } from "authsocket/server";
import type { Socket } from "socket.io";
import type { Family } from "../tokens/refresh-families.ts";
import type { DemoIo } from "./demo-io.ts";
import type { Nodes } from "./nodes.ts";

/** The room that all sockets of one browser are in. */
export const familyRoom = (familyId: string): string => `family:${familyId}`;

/** The room of a server session's sockets. */
export const sessionRoom = (sessionId: string): string => `session:${sessionId}`;

/** Ends connections, on all nodes and in all namespaces, with a reason that the page can show. */
export class Connections {
  readonly #io: DemoIo;
  readonly #nodes: Nodes;
  readonly #users: readonly UserSockets[];

  /**
   * @param options.namespaces those whose sockets join the rooms of their user and browser
   * @param options.users of namespaces that `authenticate` guards: it also keeps their sockets from coming back by recovery
   * @param options.event what tells the reason
   */
  constructor(
    io: DemoIo,
    nodes: Nodes,
    options: { namespaces: readonly string[]; users: readonly UserSockets[]; event: string },
  ) {
    this.#io = io;
    this.#nodes = nodes;
    this.#users = options.users;
    nodes.on("revoke", (room, reason) => {
      for (const name of options.namespaces) {
        const sockets: Iterable<Socket> = io.of(name).sockets.values();
        for (const socket of sockets) {
          if (!socket.rooms.has(room)) continue;
          // Locally: a cluster's adapter would send it behind the disconnect, and store it for a recovery.
          socket.nsp.local.to(socket.id).emit(options.event, { reason });
          socket.disconnect();
        }
      }
    });
  }

  /** All of a user's sockets on all devices. It is no ban. */
  async endUser(subject: string, reason: string): Promise<void> {
    await Promise.all(this.#users.map((users) => users.disconnectUser(subject, reason)));
    this.#nodes.tell("revoke", userRoom(subject), reason);
  }

  /** The sockets of one server session, or of all server sessions of one browser: they may start another. */
  endSession(room: string): void {
    this.#io.of("/session").in(room).disconnectSockets();
  }

  /** All sockets of one browser. */
  endFamily(family: Family, reason: string): void {
    this.#nodes.tell("revoke", familyRoom(family.id), reason);
  }
}
