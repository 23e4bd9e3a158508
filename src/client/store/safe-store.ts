import { AuthSocketError } from "../errors.ts";
import { andThen, subscribeTo, withDeadline } from "../platform/deadline.ts";
import type { Platform } from "../platform/platform.ts";
import { type AccessToken, toTokenSet } from "../token/access-token.ts";
import { isInSeconds, type KnownTokens, readTokenSet, type TokenSet } from "../token/token-set.ts";
import { impliedSignIn } from "../token/user.ts";
import type { TokenStore } from "./token-store.ts";

/** What a look into the store brought: tokens that were not there at the last look, a sign-out, or nothing at all. */
export type Found = { tokens: KnownTokens } | "unchanged" | "signedOut" | "nothing";

/**
 * Calls back when other tabs have nothing under way any more that could overwrite ours. `held` is false where they have
 * something newer.
 */
export type Settling = (done: (held: boolean) => void) => void;

/** What a store needs of its session. */
export interface StoreOwner {
  readonly platform: Platform;
  /** ms for one call of the store, too */
  readonly refreshTimeout: number;
  /** Called when the warning comes or goes. */
  warningChanged(): void;
  /** Says something to the developer, once. */
  warn(message: string): void;
}

/** @param isOver whether its time is over: what it still did would undo what has been written since (B10, B16) */
type Write = (isOver: () => boolean) => unknown;

/** What a write answers that leaves the store as it is. */
const UNTOUCHED = {};

/**
 * The app's token store, made safe to use. Whatever it does, reads and writes end, in order, and cause at most a warning
 * (B9). A synchronous store is answered synchronously (B1).
 */
export class SafeStore {
  /** Why the session goes on from memory; undefined while the store works. */
  warning: AuthSocketError | undefined;
  /** Settles when what was written last is there, or could not be written. */
  written: Promise<void> | undefined;

  readonly #store: TokenStore;
  readonly #owner: StoreOwner;
  /** What the warning is about. */
  #failing: "read" | "write" | undefined;
  /**
   * The tokens that were last seen or written there. What differs from them is news (B8). Null: what is found next is no
   * news, since it could not be overwritten.
   */
  #seen: string | undefined | null;
  /** Whether memory has what could not be written: a sign-out that the store tells of may have come before it. */
  #isAhead: boolean | undefined;
  /** How often the store was asked what it holds. */
  #reads = 0;
  /** The number of the read that was asked last of those that it has answered; 0: it has told nothing yet. */
  #told = 0;
  /** Writes that have not ended, in their order. */
  #writes: (() => void)[] = [];
  /** Changes as a write is decided and as it begins: a read that began before it is out of date (B11). */
  #version = 0;

  constructor(store: TokenStore, owner: StoreOwner) {
    this.#store = store;
    this.#owner = owner;
  }

  read(done: (found: Found) => void): void {
    // What is in memory is newer than what is still being written.
    if (this.#writes.length > 0) {
      done("unchanged");
      return;
    }
    const version = this.#version;
    const read = ++this.#reads;
    // A later one may have been answered sooner.
    const isOutdated = () => version !== this.#version || read < this.#told;
    this.#try(
      "read",
      () => andThen(this.#store.load(), (loaded) => this.#readTokens(loaded)),
      (tokens) => {
        if (isOutdated()) {
          done("unchanged");
          return;
        }
        this.#told = read;
        const isNews = this.#isNews(tokens);
        this.#seen = textOf(tokens);
        if (tokens && isNews) this.#isAhead = false;
        if (tokens) done(isNews ? { tokens } : "unchanged");
        else this.#readSignOut((found) => done(isOutdated() ? "unchanged" : found));
      },
      () => done("nothing"),
    );
  }

  /**
   * What the store holds at this moment and did not hold at the last look, for a decision; it is no news to anybody.
   * "unchanged" also where it cannot be read, or is being written: memory is newer then, also if it could not be written. One
   * that could not be read is not waited for again.
   */
  peek(done: (found: Found) => void): void {
    if (this.#writes.length > 0 || this.isUnreadable) done("unchanged");
    else
      this.#try(
        "read",
        () => andThen(this.#store.load(), readTokenSet),
        (tokens) => {
          const isNews = this.#isNews(tokens);
          if (tokens) done(isNews ? { tokens } : "unchanged");
          // A sign-out may have found it empty already.
          else this.#readSignOut((found) => done(isNews || found === "signedOut" ? found : "unchanged"));
        },
        () => done("unchanged"),
      );
  }

  #isNews(tokens: TokenSet | undefined): boolean {
    return this.#seen !== null && textOf(tokens) !== this.#seen;
  }

  /** Whether it failed when it was read last. */
  get isUnreadable(): boolean {
    return this.#failing === "read";
  }

  // What is to be written has been decided: what a read finds until then is out of date. Each of these returns the effect that
  // writes it.

  /** @param settled called when what other tabs had under way can no longer overwrite it */
  save(token: AccessToken, settled?: Settling): () => void {
    const tokens = toTokenSet(token);
    return this.#writing(
      twice(() => this.#store.save(tokens), settled),
      textOf(tokens),
    );
  }

  /** @param signedOut whether the store is to remember that the user did it (B10) */
  clearAll(signedOut: boolean, settled?: Settling): () => void {
    return this.#writing(twice(() => this.#store.clear(signedOut), settled));
  }

  /**
   * Empties the store of the token that ended the session, or of the one before where this one could not be written, unless
   * another one has taken its place.
   *
   * @param signedOut as in `clearAll`
   */
  clear(token: AccessToken, signedOut?: boolean): () => void {
    return this.#writing((isOver) =>
      andThen(this.#store.load(), (loaded) => {
        const tokens = readTokenSet(loaded);
        if (!tokens || isOver()) return undefined;
        const { accessToken, refreshToken = token.refreshToken, signInId = impliedSignIn(tokens) } = tokens;
        const isSame = accessToken === token.accessToken && refreshToken === token.refreshToken;
        const isBefore = this.#isAhead && signInId === token.signInId && textOf(tokens) === this.#seen;
        return isSame || isBefore ? this.#store.clear(signedOut) : UNTOUCHED;
      }),
    );
  }

  /**
   * Empties the store, unless what it holds is another user's. One that cannot be read is emptied. One that is empty is left
   * alone: tabs may share it, and it remembers the sign-out then (B10).
   */
  clearUnless(isAnothers: (tokens: TokenSet) => boolean): () => void {
    return this.#writing(async (isOver) => {
      try {
        const tokens = readTokenSet(await this.#store.load());
        if (!tokens || isAnothers(tokens)) return tokens && UNTOUCHED;
      } catch {
        // B9: whatever is there is the user's.
      }
      return isOver() ? undefined : this.#store.clear(false);
    });
  }

  /** @returns a function that ends it */
  watch(listener: () => void): () => void {
    return subscribeTo(
      () => this.#store.subscribe?.(listener),
      () => {}, // what other tabs do is found at the next look then
    );
  }

  #readTokens(loaded: unknown): KnownTokens | undefined {
    if (isInSeconds(Object(loaded).expiresAt)) {
      this.#owner.warn(`"store" holds an "expiresAt" in seconds: it must be in ms, and is ignored`);
    }
    return readTokenSet(loaded);
  }

  #readSignOut(done: (found: Found) => void): void {
    this.#try(
      "read",
      () => this.#store.signedOut?.() ?? false,
      (signedOut) => done(signedOut && !this.#isAhead ? "signedOut" : "nothing"),
      () => done("nothing"),
    );
  }

  /** @param seen what is in the store then */
  #writing(run: Write, seen?: string): () => void {
    this.#version++;
    return () => {
      this.#version++;
      this.written = this.#write(run, seen);
    };
  }

  #write(run: Write, seen: string | undefined): Promise<void> {
    return new Promise((resolve) => {
      let isOver = false;
      const ended = () => {
        isOver = true;
        resolve();
        this.#writes.shift();
        this.#writes[0]?.();
      };
      const start = () =>
        this.#try(
          "write",
          () => run(() => isOver),
          (answer) => {
            // What was there before, and could not be overwritten, is no news afterwards (B6, B16).
            if (answer !== UNTOUCHED) this.#seen = seen;
            this.#isAhead = false;
            ended();
          },
          () => {
            if (this.#told === 0) this.#seen = null;
            this.#isAhead = true;
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
    const { platform, refreshTimeout } = this.#owner;
    withDeadline(
      platform,
      refreshTimeout,
      run,
      () => new Error(`it did not answer within ${refreshTimeout} ms`),
      (value) => {
        // A store that cannot be written is not mended by being read, nor the other way round.
        if (this.#failing === kind) {
          this.#failing = this.warning = undefined;
          this.#owner.warningChanged();
        }
        done(value);
      },
      (cause) => {
        this.#failing = kind;
        // S1: what a store throws may quote a token, so its words stay in the cause.
        this.warning ??= new AuthSocketError(
          "storage_unavailable",
          `"store" failed: tokens are kept in memory only`,
          { cause },
        );
        this.#owner.warningChanged();
        failed();
      },
    );
  }
}

/**
 * Writes at once, since the page may be left at any moment, and again over what another tab has written meanwhile. The
 * other tabs are told, too, where the store fails (B10, B16): what counts is then whether the second time succeeds.
 */
function twice(write: () => void | PromiseLike<void>, settled: Settling | undefined): Write {
  if (!settled) return write;
  return async (isOver) => {
    const announced = new Promise<boolean>(settled);
    try {
      await write();
    } catch {
      // What counts is the second time.
    }
    if ((await announced) && !isOver()) await write();
  };
}

/** An access token may be handed out again with another refresh token. */
function textOf(tokens: TokenSet | undefined): string | undefined {
  return tokens && `${tokens.accessToken} ${tokens.refreshToken}`;
}
