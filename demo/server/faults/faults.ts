import { AuthError, type Identity } from "authsocket/server";
import type { FaultChange, RefreshFault } from "../sockets/node-events.ts";
import type { Nodes } from "../sockets/nodes.ts";
import type { Claims } from "../tokens/claims.ts";

/** For how many browsers faults are remembered: for the latest, so that a server that runs for long does not grow. */
const REMEMBERED = 1_000;

/** ms after which a client asks again while its key server does not answer. */
const RETRY_AFTER = 1_000;

/** What is broken at this moment for each browser. All nodes know the same. Durations are in ms. */
export class Faults {
  readonly #nodes: Nodes;
  readonly #byFamily = new Map<string, FaultChange>();

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
    nodes.on("fault", (familyId, change) => {
      const changed = { ...this.#byFamily.get(familyId), ...change };
      // As the latest of all.
      this.#byFamily.delete(familyId);
      this.#byFamily.set(familyId, changed);
      const [oldest] = this.#byFamily.keys();
      if (this.#byFamily.size > REMEMBERED && oldest !== undefined) this.#byFamily.delete(oldest);
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

  /** The browser's present access tokens are refused as expired. */
  expireTokens(familyId: string): void {
    this.#nodes.tell("fault", familyId, { refusedUntil: Date.now() });
  }

  /** The key server does not answer. */
  stopKeys(familyId: string, duration: number): void {
    this.#nodes.tell("fault", familyId, { keysMissingUntil: Date.now() + duration });
  }

  /**
   * For `verify`.
   *
   * @throws {AuthError} when `expireTokens` has expired the token, or the keys are missing. A real key server that is down is no
   *   AuthError but a fault, of which `authenticate` hears from every token. This one is down for a single browser, and
   *   `authenticate` would blame its token in the end, since it can verify all others (V1).
   */
  checkVerification({ claims }: Identity<Claims>): void {
    const { refusedUntil = 0, keysMissingUntil = 0 } = this.#byFamily.get(claims.familyId) ?? {};
    if (Date.now() < keysMissingUntil) {
      throw new AuthError("unavailable", "The key server does not answer", { retryAfter: RETRY_AFTER });
    }
    if (claims.issuedAt <= refusedUntil) throw new AuthError("token_expired");
  }

  /** The browser's present access tokens are accepted at the handshake, and refused afterwards. */
  verifyLate(familyId: string): void {
    this.#nodes.tell("fault", familyId, { verifiedLateUntil: Date.now() });
  }

  isRefusedLate({ familyId, issuedAt }: Claims): boolean {
    return issuedAt <= (this.#byFamily.get(familyId)?.verifiedLateUntil ?? 0);
  }

  refuseRole(familyId: string, duration: number): void {
    this.#nodes.tell("fault", familyId, { roleRefusedUntil: Date.now() + duration });
  }

  isRoleRefused({ familyId }: Claims): boolean {
    return Date.now() < (this.#byFamily.get(familyId)?.roleRefusedUntil ?? 0);
  }

  goOffline(familyId: string, duration: number): void {
    this.#nodes.tell("fault", familyId, { offlineUntil: Date.now() + duration });
  }

  isOffline(familyId: string | undefined): boolean {
    return familyId !== undefined && Date.now() < (this.#byFamily.get(familyId)?.offlineUntil ?? 0);
  }
}
