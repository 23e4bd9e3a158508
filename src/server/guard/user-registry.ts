import type { Revocation } from "../cluster/revocations.ts";
import type { LiveSocket } from "../connection/live-socket.ts";
import type { Device } from "../user-sockets.ts";

/** The live sockets of a guard on this node, by subject: the cost of ending a user depends on the user's sockets only (V8). */
export class UserRegistry {
  readonly #sockets = new Map<string, Set<LiveSocket>>();

  add(live: LiveSocket): void {
    const sockets = this.#sockets.get(live.subject) ?? new Set();
    sockets.add(live);
    this.#sockets.set(live.subject, sockets);
  }

  remove(live: LiveSocket): void {
    const sockets = this.#sockets.get(live.subject);
    sockets?.delete(live);
    if (sockets?.size === 0) this.#sockets.delete(live.subject);
  }

  revoke({ subject, reason, at }: Revocation): void {
    for (const live of this.#of(subject)) if (live.beginning.since <= at) live.revoke(reason);
  }

  devices(subject: string): Device[] {
    return this.#of(subject)
      .filter(({ isConnected }) => isConnected)
      .map(({ device }) => device);
  }

  /** A copy, because sockets that are ended leave. */
  #of(subject: string): LiveSocket[] {
    return [...(this.#sockets.get(subject) ?? [])];
  }
}
