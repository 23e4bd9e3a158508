import type { RefusalCode } from "../protocol.ts";
import { withoutTokens } from "./verdict/redaction.ts";

/** An event for `onEvent`. It never contains a token. */
export interface AuthEvent {
  /**
   * `accepted`: a client has connected. `refused`: a CONNECT or a renewal was refused. `renewed`: an open connection has a
   * new token. `cut`: a connection was ended at its token's expiry. `revoked`: it was ended by `disconnectUser`, or because
   * `authorize` no longer admits its user. `fault`: the server could not do its work, for a reason other than a
   * token: for example, `verify` threw, or a node did not answer.
   */
  type: "accepted" | "refused" | "renewed" | "cut" | "revoked" | "fault";
  /** The namespace's name; `"*"` for all namespaces of the Server, if `disconnectUser` was not confirmed. */
  namespace: string;
  /** The socket's id. */
  id?: string | undefined;
  /** Whose token it is. Undefined for guests, and if it is not known. */
  subject?: string | undefined;
  /** The code of the protocol that fits: why it was refused, cut or revoked; `unavailable` for a fault. */
  code?: RefusalCode | undefined;
  /** What went wrong, in words. */
  error?: string | undefined;
}

export type OnEvent = (event: AuthEvent) => unknown;

/** ms between two warnings of one kind. */
const MINUTE = 60_000;

const FAULT =
  'The server could not do its work, for a reason other than a token. Set the option "onEvent" to get every such fault';

/** Tells the app what happens. An error of the app's own function has no effect here (V6). */
export class Reporter {
  readonly #onEvent: OnEvent | undefined;
  /** When the last warning of each kind was given. */
  readonly #warned = new Map<string, number>();

  constructor(onEvent: OnEvent | undefined) {
    this.#onEvent = onEvent;
  }

  tell(event: AuthEvent): void {
    if (!this.#onEvent) return;
    const failed = (error: unknown) => this.#warn('"onEvent" has thrown', withoutTokens(error));
    try {
      void Promise.resolve(this.#onEvent(event)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Reports a fault. Without an `onEvent` this is a warning, at most one a minute, because clients can cause faults. */
  fault(where: Pick<AuthEvent, "namespace" | "id" | "subject">, cause: unknown, token?: string): void {
    const error = withoutTokens(cause, token);
    if (this.#onEvent) this.tell({ type: "fault", ...where, code: "unavailable", error });
    else this.#warn(FAULT, `In the namespace "${where.namespace}": ${error}`);
  }

  #warn(message: string, detail: string): void {
    const now = performance.now();
    if (now - (this.#warned.get(message) ?? Number.NEGATIVE_INFINITY) < MINUTE) return;
    this.#warned.set(message, now);
    warn(message, detail);
  }
}

/** Leaves an error of the app's listener to the process, as Socket.IO does, but lets nothing fail here for it (V6). */
export function throwLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}

/** One warning of the process, which Node prints and `process.on("warning")` hears. */
export function warn(message: string, detail?: string): void {
  process.emitWarning(message, { type: "AuthSocketWarning", ...(detail !== undefined && { detail }) });
}
