import type { Refresh, RefreshContext, TokenSet } from "authsocket";
import { Happenings } from "./happenings.ts";

type Answer = TokenSet | string | null;

/** One call of the refresh function, which is answered when the test says so. */
export interface RefreshTurn {
  readonly context: RefreshContext;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** A `Refresh` function whose calls a test answers by hand. */
export class RefreshDesk {
  readonly #turns: RefreshTurn[] = [];
  readonly #happenings = new Happenings();

  readonly refresh: Refresh = (context) =>
    new Promise<Answer>((resolve, reject) => {
      this.#turns.push({ context, resolve: (answer) => resolve(answer as Answer), reject });
      this.#happenings.happened();
    });

  get turns(): readonly RefreshTurn[] {
    return this.#turns;
  }

  get reasons(): string[] {
    return this.turns.map(({ context }) => context.reason);
  }

  /** The call of that number, from 1, once it has been made. */
  async turn(number: number): Promise<RefreshTurn> {
    await this.#happenings.until(() => this.turns.length >= number);
    const turn = this.turns[number - 1];
    if (!turn) throw new Error("unreachable");
    return turn;
  }
}
