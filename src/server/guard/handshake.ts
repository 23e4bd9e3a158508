import type { AuthError } from "../auth-error.ts";
import { instant } from "../cluster/revocations.ts";
import type { Identity } from "../identity.ts";

/** ms within which a CONNECT is answered, whatever `verify`, `authorize` and the app's middlewares do (V9). */
export const CONNECT_DEADLINE = 15_000;

/** Who has sent a CONNECT: a user, or a guest without identity. */
export interface Verified {
  identity: Identity | undefined;
}

/** One CONNECT, from its arrival until its client is accepted or refused. */
export class Handshake {
  /** When the client began to wait, in the time of `performance.now()`. */
  readonly begun = performance.now();
  readonly #token: unknown;
  #origin = instant();
  #skew = 0;
  #verdict: Promise<Verified | AuthError> | undefined;
  #verified: Verified | undefined;

  /** Takes the token out of the payload, so that nobody else sees it, on any node (S1, V7). */
  constructor(payload: Record<string, unknown>) {
    this.#token = payload.token;
    delete payload.token;
  }

  /** An `instant()`. Later revocations concern this handshake. */
  get since(): number {
    return this.#origin - this.#skew;
  }

  /** When it began, or the session that it resumes: an `instant()` of the node where that was. */
  get origin(): number {
    return this.#origin;
  }

  /**
   * It resumes a session.
   *
   * @param origin when that began
   * @param skew ms by which another node's clock may differ
   */
  goesOn(origin: number, skew: number): void {
    this.#origin = Math.min(this.#origin, origin);
    this.#skew = skew;
  }

  /** Known once the token has been verified and was valid. */
  get verified(): Verified | undefined {
    return this.#verified;
  }

  /** Verifies the token once, although a recovery and the guard both ask for it. */
  verify(by: (token: unknown) => Promise<Verified | AuthError>): Promise<Verified | AuthError> {
    this.#verdict ??= by(this.#token).then((verdict) => {
      if (!(verdict instanceof Error)) this.#verified = verdict;
      return verdict;
    });
    return this.#verdict;
  }
}
