import type { TokenSet, TokenStore } from "authsocket";

/** A call of the store that has not been answered. */
export interface StoreTurn {
  method: "load" | "save" | "clear";
  /** carries it out */
  resolve(): void;
  reject(error: unknown): void;
}

/** An asynchronous store whose calls a test answers by hand. */
export class StoreDesk implements TokenStore {
  held: TokenSet | null;
  /** The calls that wait for an answer, the oldest first. */
  readonly turns: StoreTurn[] = [];

  constructor(held: TokenSet | null = null) {
    this.held = held;
  }

  load(): Promise<TokenSet | null> {
    return this.#turn("load", () => this.held);
  }

  save(tokens: TokenSet): Promise<void> {
    return this.#turn("save", () => {
      this.held = tokens;
    });
  }

  clear(): Promise<void> {
    return this.#turn("clear", () => {
      this.held = null;
    });
  }

  /** Carries out what has been called, and what is called in consequence. */
  async answerAll(): Promise<void> {
    for (let turn = this.turns.shift(); turn; turn = this.turns.shift()) {
      turn.resolve();
      await new Promise(setImmediate);
    }
  }

  #turn<Answer>(method: StoreTurn["method"], run: () => Answer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.turns.push({ method, resolve: () => resolve(run()), reject });
    });
  }
}
