import { type UserSockets, userRoom } from "authsocket/server";
import type { Socket } from "socket.io";
import type { Family } from "../tokens/refresh-families.ts";
import type { DemoIo } from "./demo-io.ts";
import type { Nodes } from "./nodes.ts";

/** The room of all sockets of one browser. */
export const familyRoom = (familyId: string): string => `family:${familyId}`;

/** The room of all sockets of one server session. */
export const sessionRoom = (sessionId: string): string => `session:${sessionId}`;

/** Ends connections on all nodes and in all namespaces. The page is told a reason that it can show. */
export class Connections {
  readonly #io: DemoIo;
  readonly #nodes: Nodes;
  readonly #users: readonly UserSockets[];

  /**
   * @param options.namespaces the namespaces whose sockets join the rooms of their user and browser
   * @param options.users what `authenticate` returned: it also prevents connection state recovery of the ended sockets
   * @param options.event the event that carries the reason
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
          // `local`: a cluster's adapter would deliver it after the disconnect, and store it for recovery.
          socket.nsp.local.to(socket.id).emit(options.event, { reason });
          socket.disconnect();
        }
      }
    });
  }

  /**
   * Ends all of a user's sockets on all devices. The user can connect again.
   *
   * @returns whether all nodes have confirmed it in time. If one has not, this server goes on telling it (V3)
   */
  async endUser(subject: string, reason: string): Promise<boolean> {
    // First, because it waits for nobody.
    this.#nodes.tell("revoke", userRoom(subject), reason);
    try {
      await Promise.all(this.#users.map((users) => users.disconnectUser(subject, reason)));
      return true;
    } catch (error) {
      console.error(error);
      return false;
    }
  }

  /** Ends the sockets of one server session, or of all server sessions of one browser. A new session can be started. */
  endSession(room: string): void {
    this.#io.of("/session").in(room).disconnectSockets();
  }

  /** Ends all sockets of one browser. */
  endFamily(family: Family, reason: string): void {
    this.#nodes.tell("revoke", familyRoom(family.id), reason);
  }
}
