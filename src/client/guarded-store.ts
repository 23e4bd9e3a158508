import { AuthSocketError } from "./core/errors.ts";
import { readTokenSet, type TokenSet } from "./core/token-set.ts";
import { isPromiseLike, withDeadline } from "./deadline.ts";
import type { Platform } from "./platform/platform.ts";
import type { TokenStore } from "./platform/token-store.ts";

/** What a look into the store brought: tokens that were not there at the last look, a sign-out, or nothing at all. */
export type Found = { tokens: TokenSet } | "unchanged" | "signedOut" | "nothing";

/**
 * The app's token store, made safe to use: whatever it does, reads and writes end, in order, and tell at most a warning
 * (B9). A synchronous store is answered synchronously (B1).
 */
export class GuardedStore {
  /** Why the session is going on from memory; undefined while the store works. */
  warning: AuthSocketError | undefined;

  readonly #store: TokenStore;
  readonly #platform: Platform;
  readonly #timeout: number;
  readonly #warned: () => void;
  /** What the warning is about. */
  #failing: "read" | "write" | undefined;
  /** The access token that was last seen or written there: what differs from it is news (B8). */
  #seen: string | undefined;
  /** Writes that have not ended, in their order. */
  #writes: (() => void)[] = [];
  /** Changes with each write: a read that began before it is out of date. */
  #version = 0;

  /** @param warned called when the warning comes or goes */
  constructor(store: TokenStore, platform: Platform, timeout: number, warned: () => void) {
    this.#store = store;
    this.#platform = platform;
    this.#timeout = timeout;
    this.#warned = warned;
  }

  read(done: (found: Found) => void): void {
    // What is in memory is newer than what is still being written.
    if (this.#writes.length > 0) {
      done("unchanged");
      return;
    }
    const version = this.#version;
    this.#try(
      "read",
      () => this.#store.load(),
      (loaded) => {
        const tokens = readTokenSet(loaded);
        if (version !== this.#version) {
          done("unchanged");
          return;
        }
        const before = this.#seen;
        this.#seen = tokens?.accessToken;
        if (!tokens) this.#readSignOut(done);
        else done(tokens.accessToken === before ? "unchanged" : { tokens });
      },
      () => done("nothing"),
    );
  }

  save(tokens: TokenSet): Promise<void> {
    return this.#write(
      () => this.#store.save(tokens),
      () => {
        this.#seen = tokens.accessToken;
      },
    );
  }

  /** @param signedOut whether the store is to remember that the user did it (B10) */
  clearAll(signedOut: boolean): Promise<void> {
    return this.#write(() => this.#store.clear(signedOut));
  }

  /** Empties the store of a token that is dead, unless another one has taken its place (B7). */
  clear(token: string): Promise<void> {
    return this.#write(() => {
      const unlessReplaced = (loaded: unknown) =>
        readTokenSet(loaded)?.accessToken === token ? this.#store.clear() : undefined;
      const loaded = this.#store.load();
      return isPromiseLike(loaded) ? loaded.then(unlessReplaced) : unlessReplaced(loaded);
    });
  }

  /** @returns its undo */
  subscribe(listener: () => void): () => void {
    let undo: (() => void) | undefined;
    this.#try(
      "read",
      () => {
        undo = this.#store.subscribe?.(listener);
      },
      () => {},
      () => {},
    );
    return () => undo?.();
  }

  #readSignOut(done: (found: Found) => void): void {
    this.#try(
      "read",
      () => this.#store.signedOut?.() ?? false,
      (signedOut) => done(signedOut ? "signedOut" : "nothing"),
      () => done("nothing"),
    );
  }

  #write(run: () => void | Promise<void>, written: () => void = () => {}): Promise<void> {
    this.#version++;
    return new Promise((resolve) => {
      const ended = () => {
        resolve();
        this.#writes.shift();
        this.#writes[0]?.();
      };
      const start = () =>
        this.#try(
          "write",
          run,
          () => {
            written();
            ended();
          },
          ended,
        );
      if (this.#writes.push(start) === 1) start();
    });
  }

  #try<T>(
    kind: "read" | "write",
    run: () => T | PromiseLike<T>,
    done: (value: T) => void,
    failed: () => void,
  ): void {
    withDeadline(
      this.#platform,
      this.#timeout,
      run,
      () => new Error(`it did not answer within ${this.#timeout} ms`),
      (value) => {
        // A store that cannot be written is not mended by being read.
        if (this.#failing && (this.#failing !== "write" || kind === "write")) {
          this.#failing = this.warning = undefined;
          this.#warned();
        }
        done(value);
      },
      (cause) => {
        this.#failing = kind;
        // S1: what a store throws may quote a token, so that its words stay in the cause.
        this.warning ??= new AuthSocketError(
          "storage_unavailable",
          `"store" failed: tokens are kept in memory only`,
          {
            cause,
          },
        );
        this.#warned();
        failed();
      },
    );
  }
}
