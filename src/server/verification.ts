import { AuthError } from "./auth-error.ts";
import { type Identity, isIdentity } from "./identity.ts";
import type { AuthenticateOptions } from "./options.ts";

/** Longer is no token (T21): verifying it could cost a hostile client nothing and the server much. */
const MAX_TOKEN_LENGTH = 16_384;

/** ms that `verify` and `authorize` each may take, so that one that hangs leaves no client waiting. */
const DEADLINE = 10_000;

/** Asks the caller's functions. Answers refusals instead of throwing them, and never rejects (T16). */
export class Verification<Socket> {
  readonly #verify: AuthenticateOptions<unknown, Socket>["verify"];
  readonly #authorize: AuthenticateOptions<unknown, Socket>["authorize"];

  constructor({ verify, authorize }: AuthenticateOptions<unknown, Socket>) {
    this.#verify = verify;
    this.#authorize = authorize;
  }

  /** Who a token is for. */
  async identify(token: unknown): Promise<Identity | AuthError> {
    if (token === undefined || token === null || token === "") return new AuthError("token_missing");
    if (typeof token !== "string" || token.length > MAX_TOKEN_LENGTH) return new AuthError("token_invalid");
    try {
      const answer: unknown = await inTime(this.#verify(token));
      if (answer === undefined || answer === null) return new AuthError("token_invalid");
      // A mistake of the server's own code signs nobody out.
      if (!isIdentity(answer)) {
        return new AuthError(
          "unavailable",
          "verify must answer { subject, expiresAt }, in ms since the epoch",
        );
      }
      const { subject, expiresAt, claims } = answer;
      return expiresAt > Date.now() ? { subject, expiresAt, claims } : new AuthError("token_expired");
    } catch (error) {
      return error instanceof AuthError ? error : new AuthError("token_invalid", undefined, { cause: error });
    }
  }

  /** Why that user may not be here, if so. */
  async objection(identity: Identity, socket: Socket): Promise<AuthError | undefined> {
    const authorize = this.#authorize;
    if (!authorize) return undefined;
    try {
      if (!(await inTime(authorize(identity, socket)))) return new AuthError("insufficient_scope");
      return identity.expiresAt > Date.now() ? undefined : new AuthError("token_expired");
    } catch (error) {
      return error instanceof AuthError ? error : new AuthError("unavailable", undefined, { cause: error });
    }
  }
}

/** @throws AuthError when a promise takes too long. What is no promise needs no timer: most tokens are verified without I/O. */
function inTime<Answer>(answer: Answer | PromiseLike<Answer>): Answer | Promise<Answer> {
  if (!isPromise(answer)) return answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new AuthError("unavailable", "Authentication timed out")),
      DEADLINE,
    );
    void Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function isPromise<Answer>(answer: Answer | PromiseLike<Answer>): answer is PromiseLike<Answer> {
  return typeof Object(answer).then === "function";
}
