import type { ConnectPayload } from "../../protocol.ts";
import { AuthError } from "../auth-error.ts";
import type { Renewal } from "./packet-gate.ts";
import { NEXT_TURN, VerifyBudget } from "./verify-budget.ts";

/** How many renewals of one socket may wait. A client that follows the protocol never has two. */
const MAX_WAITING = 8;

/** What happens to a renewal. */
export interface RenewalRules {
  /** The refusal of a token that need not be verified to be refused. */
  refusalWithoutVerify(token: unknown): AuthError | undefined;
  /** Verifies a token. Returns why it is refused, or undefined once the connection has it. */
  renewOrRefuse(token: unknown): Promise<AuthError | undefined>;
  answer(renewal: Renewal, refusal: AuthError | undefined): void;
}

/** The renewals of one socket: verified one at a time, in the order of sending, so that the last valid token counts (V4). */
export class RenewalQueue {
  readonly #rules: RenewalRules;
  readonly #budget = new VerifyBudget();
  /** The first is being verified. */
  readonly #renewals: Renewal[] = [];

  constructor(rules: RenewalRules) {
    this.#rules = rules;
  }

  add(renewal: Renewal): void {
    if (this.#renewals.length === MAX_WAITING) {
      this.#rules.answer(renewal, tooMany("Too many renewals at once"));
      return;
    }
    this.#renewals.push(renewal);
    if (this.#renewals.length === 1) void this.#verifyInTurn();
  }

  async #verifyInTurn(): Promise<void> {
    for (let renewal = this.#renewals[0]; renewal; renewal = this.#renewals[0]) {
      const { token }: Partial<Record<keyof ConnectPayload, unknown>> = Object(renewal.payload);
      const refusal = await this.#verify(token);
      this.#renewals.shift();
      this.#rules.answer(renewal, refusal);
    }
  }

  async #verify(token: unknown): Promise<AuthError | undefined> {
    const refusal = this.#rules.refusalWithoutVerify(token);
    if (refusal) return refusal;
    return this.#budget.take() ? this.#rules.renewOrRefuse(token) : tooMany("Too many renewals");
  }
}

function tooMany(message: string): AuthError {
  return new AuthError("unavailable", message, { retryAfter: NEXT_TURN });
}
