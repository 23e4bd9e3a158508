import { AuthError, refusalOf } from "../auth-error.ts";
import { type Identity, toIdentity } from "../identity.ts";
import type { AuthenticateOptions } from "../options.ts";
import type { Reporter } from "../reporter.ts";
import { LATE, within } from "./deadline.ts";
import { verdictOf } from "./library-verdicts.ts";
import { RepeatedFaults } from "./repeated-faults.ts";
import { canBeToken } from "./token-shape.ts";

/** ms that `verify` and `authorize` each may take, so that one that hangs leaves no client waiting. */
const HOOK_DEADLINE = 10_000;

/** If a token could not be verified, its client may try again after this many ms, or up to twice as many, at random. */
const RETRY_AFTER = 1_000;

/** Where a token was presented, for what is reported. */
export interface Presented {
  namespace: string;
  id?: string | undefined;
}

/** Calls `verify` and `authorize`. It returns refusals instead of throwing them, and never rejects (T16). */
export class Verification<Socket> {
  readonly #verify: AuthenticateOptions<unknown, Socket>["verify"];
  readonly #authorize: AuthenticateOptions<unknown, Socket>["authorize"];
  readonly #reporter: Reporter;
  readonly #faults = new RepeatedFaults();

  constructor({ verify, authorize }: AuthenticateOptions<unknown, Socket>, reporter: Reporter) {
    this.#verify = verify;
    this.#authorize = authorize;
    this.#reporter = reporter;
  }

  /** The refusal of a token that need not be verified to be refused; undefined if it must be verified. */
  refusalWithoutVerify(token: unknown): AuthError | undefined {
    if (token === undefined || token === null || token === "") return new AuthError("token_missing");
    return canBeToken(token) ? undefined : new AuthError("token_invalid");
  }

  /** Who a token is for. */
  async identify(token: unknown, presented: Presented): Promise<Identity | AuthError> {
    const refusal = this.refusalWithoutVerify(token);
    if (refusal) return refusal;
    const text = String(token);
    try {
      const answer: unknown = await within(HOOK_DEADLINE, this.#verify(text));
      if (answer === LATE) return this.#fault(presented, late("verify"));
      if (answer === undefined || answer === null) return new AuthError("token_invalid");
      const identity = toIdentity(answer);
      this.#faults.verified(text);
      return identity.expiresAt > Date.now() ? identity : new AuthError("token_expired");
    } catch (error) {
      const verdict = verdictOf(error);
      if (verdict) return verdict;
      this.#reporter.fault(presented, error, text);
      if (this.#faults.failed(text)) return new AuthError("token_invalid", undefined, { cause: error });
      const retryAfter = Math.round(RETRY_AFTER * (1 + Math.random()));
      return new AuthError("unavailable", undefined, { retryAfter, cause: error });
    }
  }

  /** Why that user may not be here, if so. */
  async refusalOfUser(
    identity: Identity,
    socket: Socket,
    presented: Presented,
  ): Promise<AuthError | undefined> {
    const authorize = this.#authorize;
    if (!authorize) return undefined;
    try {
      const answer = await within(HOOK_DEADLINE, authorize(identity, socket));
      if (answer === LATE) return this.#fault({ ...presented, subject: identity.subject }, late("authorize"));
      if (!answer) return new AuthError("insufficient_scope");
      return identity.expiresAt > Date.now() ? undefined : new AuthError("token_expired");
    } catch (error) {
      return refusalOf(error) ?? this.#fault({ ...presented, subject: identity.subject }, error);
    }
  }

  #fault(presented: Presented & { subject?: string }, cause: unknown): AuthError {
    this.#reporter.fault(presented, cause);
    return new AuthError("unavailable", undefined, { cause });
  }
}

function late(name: string): Error {
  return new Error(`"${name}" did not return within ${HOOK_DEADLINE / 1_000} s. Give its requests a timeout`);
}
