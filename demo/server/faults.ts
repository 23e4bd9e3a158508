import type { IncomingMessage } from "node:http";
import { AccessTokenError, type Identity } from "./access-tokens.ts";
import { readCookie } from "./cookie.ts";

export type RefreshFault = "refresh-401" | "refresh-503" | "refresh-hang";

interface SessionFaults {
  nextRefresh?: RefreshFault;
  /** Access tokens issued up to this instant are refused, in ms since the epoch. */
  refusedUntil?: number;
  /** ms since the epoch */
  offlineUntil?: number;
}

/** Marks a browser as offline where the refresh cookie, whose path is /api, does not go. Holds a session's public id. */
export const OFFLINE_COOKIE = { name: "authsocket_offline", path: "/socket.io" };

/** What is broken at this moment, by refresh session. */
export class Faults {
  readonly #bySession = new Map<string, SessionFaults>();

  breakNextRefresh(sessionId: string, fault: RefreshFault): void {
    this.#of(sessionId).nextRefresh = fault;
  }

  /** The fault that this refresh is to meet. It is then used up. */
  takeRefreshFault(sessionId: string): RefreshFault | undefined {
    const faults = this.#bySession.get(sessionId);
    const fault = faults?.nextRefresh;
    if (fault) delete faults.nextRefresh;
    return fault;
  }

  expireTokens(sessionId: string): void {
    this.#of(sessionId).refusedUntil = Date.now();
  }

  /** @throws {AccessTokenError} when the token has been expired by `expireTokens` */
  assertNotExpired(identity: Identity): void {
    const refusedUntil = this.#bySession.get(identity.sessionId)?.refusedUntil;
    if (refusedUntil !== undefined && identity.issuedAt <= refusedUntil)
      throw new AccessTokenError("token_expired");
  }

  goOffline(sessionId: string, duration: number): void {
    this.#of(sessionId).offlineUntil = Date.now() + duration;
  }

  isOffline(sessionId: string | undefined): boolean {
    const offlineUntil = sessionId === undefined ? undefined : this.#bySession.get(sessionId)?.offlineUntil;
    return offlineUntil !== undefined && Date.now() < offlineUntil;
  }

  /** Socket.IO's option of this name: refuses the engine's handshake while the browser is "offline". */
  readonly allowRequest = (
    request: IncomingMessage,
    decide: (message: string | null, allowed: boolean) => void,
  ): void => {
    const offline = this.isOffline(readCookie(request.headers.cookie, OFFLINE_COOKIE.name));
    decide(offline ? "offline" : null, !offline);
  };

  #of(sessionId: string): SessionFaults {
    let faults = this.#bySession.get(sessionId);
    if (!faults) {
      faults = {};
      this.#bySession.set(sessionId, faults);
    }
    return faults;
  }
}
