import { AuthError } from "./auth-error.ts";
import type { Identity } from "./identity.ts";
import { instant } from "./revocations.ts";
import type { Verification } from "./verification.ts";

/** A handshake whose token was valid. */
export interface Admission {
  identity: Identity;
  /** The `instant()` before its verification: a revocation from then on concerns it. */
  since: number;
}

/** Verifies CONNECT payloads, each once, and takes their tokens out: nobody else is to see them, on any node (S1). */
export class Handshakes<Socket> {
  readonly #verification: Verification<Socket>;
  readonly #verdicts = new WeakMap<object, Admission | AuthError>();

  constructor(verification: Verification<Socket>) {
    this.#verification = verification;
  }

  async verify(payload: Record<string, unknown>): Promise<Admission | AuthError> {
    const verdict = this.#verdicts.get(payload) ?? (await this.#verify(payload));
    this.#verdicts.set(payload, verdict);
    return verdict;
  }

  /** What `verify` has answered for that payload, if it was valid. */
  admission(payload: Record<string, unknown>): Admission | undefined {
    const verdict = this.#verdicts.get(payload);
    return verdict instanceof AuthError ? undefined : verdict;
  }

  async #verify(payload: Record<string, unknown>): Promise<Admission | AuthError> {
    const since = instant();
    const { token } = payload;
    delete payload.token;
    const identity = await this.#verification.identify(token);
    return identity instanceof AuthError ? identity : { identity, since };
  }
}
