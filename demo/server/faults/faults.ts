import { AuthError, type Identity } from "authsocket/server";
import type { FaultChange, RefreshFault } from "../sockets/node-events.ts";
import type { Nodes } from "../sockets/nodes.ts";
import type { Claims } from "../tokens/access-tokens.ts";

/** What is broken at this moment for each browser. All nodes know the same. */
export class Faults {
  readonly #nodes: Nodes;
  readonly #byFamily = new Map<string, FaultChange>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
    nodes.on("fault", (familyId, change) => {
      this.#byFamily.set(familyId, { ...this.#byFamily.get(familyId), ...change });
    });
  }

  breakNextRefresh(familyId: string, fault: RefreshFault): void {
    this.#nodes.tell("fault", familyId, { nextRefresh: fault });
  }

  /** The fault of this refresh, if one was ordered. Later refreshes work again. */
  takeRefreshFault(familyId: string): RefreshFault | undefined {
    const fault = this.#byFamily.get(familyId)?.nextRefresh ?? undefined;
    if (fault) this.#nodes.tell("fault", familyId, { nextRefresh: null });
    return fault;
  }

  expireTokens(familyId: string): void {
    this.#nodes.tell("fault", familyId, { refusedUntil: Date.now() });
  }

  /** @throws {AuthError} when the token has been expired by `expireTokens` */
  assertNotExpired({ claims }: Identity<Claims>): void {
    const refusedUntil = this.#byFamily.get(claims.familyId)?.refusedUntil;
    if (refusedUntil !== undefined && claims.issuedAt <= refusedUntil) throw new AuthError("token_expired");
  }

  /** @param duration ms */
  goOffline(familyId: string, duration: number): void {
    this.#nodes.tell("fault", familyId, { offlineUntil: Date.now() + duration });
  }

  isOffline(familyId: string | undefined): boolean {
    const offlineUntil = familyId === undefined ? undefined : this.#byFamily.get(familyId)?.offlineUntil;
    return offlineUntil !== undefined && Date.now() < offlineUntil;
  }
}
