import { AuthSocketError } from "./core/errors.ts";
import { readTokenSet, type TokenSet } from "./core/token-set.ts";
import { andThen, withDeadline } from "./deadline.ts";
import type { Platform } from "./platform/platform.ts";
import type { TokenStore } from "./platform/token-store.ts";

/** What a look into the store brought: tokens that were not there at the last look, a sign-out, or nothing at all. */
export type Found = { tokens: TokenSet } | "unchanged" | "signedOut" | "nothing";

/**
 * Calls back when other tabs have nothing under way any more that could be written over ours; `held` is false where they
 * have something newer.
 */
export type Settling = (done: (held: boolean) => void) => void;

/** What a store needs of its session. */
export interface StoreContext {
  readonly platform: Platform;
  /** ms for one call of the store, too */
  readonly refreshTimeout: number;
  /** Called when the warning comes or goes. */
  publish(): void;
}

/**
 * The app's token store, made safe to use: whatever it does, reads and writes end, in order, and tell at most a warning
 * (B9). A synchronous store is answered synchronously (B1).
 */
export class GuardedStore {
  /** Why the session is going on from memory; undefined while the store works. */
  warning: AuthSocketError | undefined;

  readonly #store: TokenStore;
  readonly #context: StoreContext;
  /** What the warning is about. */
  #failing: "read" | "write" | undefined;
  /**
   * The access token that was last seen or written there: what differs from it is news (B8). Null: whatever is found next
   * is none, since it could not be overwritten.
   */
  #seen: string | undefined | null;
  /** how often the store has told what it holds */
  #reads = 0;
  /** Writes that have not ended, in their order. */
  #writes: (() => void)[] = [];
  /** Changes with each write: a read that began before it is out of date. */
  #version = 0;

  constructor(store: TokenStore, context: StoreContext) {
    this.#store = store;
    this.#context = context;
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
      () => andThen(this.#store.load(), readTokenSet),
      (tokens) => {
        if (version !== this.#version) {
          done("unchanged");
          return;
        }
        this.#reads++;
        const before = this.#seen;
        this.#seen = tokens?.accessToken;
        if (!tokens) this.#readSignOut(done);
        else done(before === null || tokens.accessToken === before ? "unchanged" : { tokens });
      },
      () => done("nothing"),
    );
  }

  /** Whether other tabs read and write it too. */
  get isShared(): boolean {
    return !!this.#store.subscribe;
  }

  /** @param settled called when what other tabs had under way can no longer overwrite it */
  save(tokens: TokenSet, settled?: Settling): Promise<void> {
    return this.#write(
      twice(() => this.#store.save(tokens), settled),
      tokens.accessToken,
    );
  }

  /** @param signedOut whether the store is to remember that the user did it (B10) */
  clearAll(signedOut: boolean, settled?: Settling): Promise<void> {
    return this.#write(twice(() => this.#store.clear(signedOut), settled));
  }

  /** Empties the store of a token that is dead, unless another one has taken its place (B7). */
  clear(token: string): Promise<void> {
    return this.#write(() => {
      return andThen(this.#store.load(), (loaded) =>
        readTokenSet(loaded)?.accessToken === token ? this.#store.clear() : undefined,
      );
    });
  }

  /** @returns its undo, as the store gives it */
  subscribe(listener: () => void): (() => void) | undefined {
    try {
      return this.#store.subscribe?.(listener);
    } catch {
      return undefined; // what other tabs do is found at the next look then
    }
  }

  #readSignOut(done: (found: Found) => void): void {
    this.#try(
      "read",
      () => this.#store.signedOut?.() ?? false,
      (signedOut) => done(signedOut ? "signedOut" : "nothing"),
      () => done("nothing"),
    );
  }

  /** @param seen what lies in the store then */
  #write(run: () => void | PromiseLike<void>, seen?: string): Promise<void> {
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
            this.#seen = seen;
            ended();
          },
          () => {
            if (this.#reads === 0) this.#seen = null;
            ended();
          },
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
    const { platform, refreshTimeout } = this.#context;
    withDeadline(
      platform,
      refreshTimeout,
      run,
      () => new Error(`it did not answer within ${refreshTimeout} ms`),
      (value) => {
        // A store that cannot be written is not mended by being read.
        if (this.#failing && (this.#failing !== "write" || kind === "write")) {
          this.#failing = this.warning = undefined;
          this.#context.publish();
        }
        done(value);
      },
      (cause) => {
        this.#failing = kind;
        // S1: what a store throws may quote a token, so that its words stay in the cause.
        this.warning ??= new AuthSocketError(
          "storage_unavailable",
          `"store" failed: tokens are kept in memory only`,
          { cause },
        );
        this.#context.publish();
        failed();
      },
    );
  }
}

/** Writes at once, since the page may be left at any moment, and again over what another tab has written in the meantime. */
function twice(
  write: () => void | PromiseLike<void>,
  settled: Settling | undefined,
): () => void | PromiseLike<void> {
  if (!settled) return write;
  const isStanding = () => new Promise<boolean>((resolve) => settled(resolve));
  return () => andThen(write(), () => isStanding().then((held) => (held ? write() : undefined)));
}
