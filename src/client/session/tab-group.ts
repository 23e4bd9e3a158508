import type { Platform } from "../platform/platform.ts";
import type { Settling } from "../store/safe-store.ts";
import type { StoreReach } from "../store/token-store.ts";
import { forgetHandover, handOver, takeOver } from "../tabs/handover.ts";
import { RefreshLock, type TabNews, type Turn } from "../tabs/refresh-lock.ts";
import { type AccessToken, toTokenSet } from "../token/access-token.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { Supply } from "./supply.ts";

/** What the group needs of its session. */
export interface GroupOwner {
  readonly platform: Platform;
  readonly refreshTimeout: number;
  readonly isCookie: boolean;
  /** Whether other tabs read and write the store too. */
  readonly isShared: boolean;
  /** Says something to the developer, once. */
  warn(message: string): void;
}

/** By page, its one session with a function and no name: a second one must not be taken for it (B2). */
const unnamed = /* @__PURE__ */ new WeakMap<Platform, TabGroup>();

/** The sessions of other tabs, and of this page, that are the same session as this one by their name (B2). */
export class TabGroup {
  readonly name: string;
  /** Whether those of its name are sure to share its cookie: it has a name, or an endpoint. */
  readonly isNamed: boolean;
  readonly lock: RefreshLock;
  readonly #owner: GroupOwner;
  readonly #supply: Supply;
  readonly #reach: StoreReach;
  /** The option. */
  readonly #given: string | undefined;
  #openedAt = 0;
  #isAlone = false;

  /** @param name the option */
  constructor(name: string | undefined, owner: GroupOwner, supply: Supply, reach: StoreReach) {
    this.name = name ?? reach.sharedKey ?? supply.url ?? "default";
    this.isNamed = name !== undefined || this.name !== "default";
    this.lock = new RefreshLock(owner.platform, owner.refreshTimeout);
    this.#owner = owner;
    this.#supply = supply;
    this.#reach = reach;
    this.#given = name;
  }

  /**
   * @param listener hears of who signs in or out in other tabs, and in other sessions of this page (B10)
   * @returns a function that ends it
   */
  open(listener: (news: TabNews) => void): () => void {
    const { platform, isCookie } = this.#owner;
    this.#openedAt = platform.now();
    if (!this.isNamed) {
      if (unnamed.has(platform)) {
        this.#isAlone = true;
        this.#owner.warn(
          `two sessions on this page have no "name", store key or refresh URL: the second shares no refreshes with other tabs. Give each a "name".`,
        );
      } else unnamed.set(platform, this);
    }
    if (!isCookie) this.lock.open();
    const end = this.#isAlone || this.#reach.perTab ? undefined : this.lock.watch(this.name, listener);
    return () => {
      end?.();
      if (unnamed.get(platform) === this) unnamed.delete(platform);
    };
  }

  /** Those of one name belong together though their headers differ each time, which a function of the app's makes. */
  get #line(): string | undefined {
    return typeof this.#supply.endpoint?.headers === "function" ? this.#given : undefined;
  }

  /** The lease for whose turn a refresh waits; undefined: it takes no turns. */
  leaseName(token: AccessToken | undefined): string | undefined {
    if (this.#isAlone) return undefined;
    // Per-tab storage shares its turns by what it has copied: the tokens of one sign-in.
    return this.isPrivate(token) ? `${this.name}#${token?.signInId}` : this.name;
  }

  /** Whether there is a refresh token that no other tab can see. */
  isPrivate(token: AccessToken | undefined): boolean {
    return !this.#owner.isShared && token?.refreshToken !== undefined;
  }

  /**
   * What another session of this page has just been given for the same request.
   *
   * @param since when the asker began to wait, in ms since the epoch
   */
  takeOver({ name, generation }: Turn, token: AccessToken | undefined, since: number): TokenSet | undefined {
    const { platform, isShared } = this.#owner;
    if (name === undefined || isShared) return undefined;
    const tokens = takeOver(platform, name, {
      generation,
      refreshToken: token?.refreshToken,
      asked: this.#given ?? this.#supply.identity,
      headers: () => this.#line ?? this.#supply.headers,
      // Who has used its refresh token has no other choice.
      at: token?.refreshToken === undefined ? since : this.#openedAt,
    });
    const isOver = tokens?.expiresAt !== undefined && tokens.expiresAt <= platform.now();
    // B16: where nobody is named, another sign-in is another user.
    const isOthers =
      token && !token.assumed && tokens?.subject === undefined && tokens?.signInId !== token.signInId;
    return !isOver && !isOthers && tokens?.accessToken !== token?.accessToken ? tokens : undefined;
  }

  /** @param refreshToken that the request was sent with */
  handOver({ name, generation }: Turn, refreshToken: string | undefined, token: AccessToken): void {
    const { platform, isShared } = this.#owner;
    if (name === undefined || isShared || this.#supply.isSource) return;
    const tokens = toTokenSet(token);
    const at = platform.now();
    handOver(platform, name, {
      generation,
      tokens,
      at,
      refreshToken,
      asked: this.#given ?? this.#supply.identity,
      headers: this.#line ?? this.#supply.sentHeaders,
    });
  }

  /**
   * Tells other tabs of a sign-in or sign-out, so that what they have under way is not written over it (B10, B16).
   *
   * @param token of the sign-in, or the one that was there before the sign-out
   * @param look whether they are to ask their source, and not to sign out at once
   * @param overtaken called where another tab has something newer
   */
  announcing(
    { signedOut, look = false, token, subject }: Announcement,
    overtaken: () => void,
  ): Settling | undefined {
    const isPrivate = this.#reach.perTab || this.isPrivate(token);
    forgetHandover(this.#owner.platform, this.leaseName(token) ?? this.name);
    if (this.#isAlone || isPrivate || !this.#owner.platform.leases()) return undefined;
    const news = {
      signedOut,
      look,
      user: token?.subject ?? subject,
      tokens: signedOut ? undefined : token,
    };
    return (done) =>
      this.lock.announce(this.name, news, (held) => {
        done(held);
        if (!held) overtaken();
      });
  }

  /** Runs it unless another tab has got a newer token than this one, which may not be seen here yet (T24). */
  unlessBehind(token: AccessToken, run: () => void): void {
    this.lock.unlessBehind(this.leaseName(token), token.accessToken, run);
  }
}

/** Who has signed in or out here. */
export interface Announcement {
  signedOut: boolean;
  look?: boolean;
  token?: AccessToken | undefined;
  /** of the user, where the token names none */
  subject?: string | undefined;
}
