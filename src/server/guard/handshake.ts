import type { AuthError } from "../auth-error.ts";
import { instant } from "../cluster/revocations.ts";
import type { Identity } from "../identity.ts";

/** Who a CONNECT is from: a user, or a guest without identity. */
export interface Entrant {
  identity: Identity | undefined;
}

/** One CONNECT, from its arrival until its client is in or refused. */
export class Handshake {
  /** An `instant()`: a revocation from then on concerns it. */
  readonly since = instant();
  /** In the time of `performance.now()`: since when the client waits for its answer. */
  readonly begun = performance.now();
  readonly #token: unknown;
  #verdict: Promise<Entrant | AuthError> | undefined;
  #entrant: Entrant | undefined;

  /** Takes the token out of the payload: nobody else is to see it, on any node (S1, V7). */
  constructor(payload: Record<string, unknown>) {
    this.#token = payload.token;
    delete payload.token;
  }

  /** Known once the token has been verified and was valid. */
  get entrant(): Entrant | undefined {
    return this.#entrant;
  }

  /** Verifies the token once: a recovery asks before its session is looked up, and the guard before the middlewares. */
  verify(by: (token: unknown) => Promise<Entrant | AuthError>): Promise<Entrant | AuthError> {
    this.#verdict ??= by(this.#token).then((verdict) => {
      if (!(verdict instanceof Error)) this.#entrant = verdict;
      return verdict;
    });
    return this.#verdict;
  }
}
