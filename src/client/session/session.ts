import { refuseAborted } from "../abort.ts";
import { AuthSocketError } from "../errors.ts";
import { Observable } from "../observable.ts";
import { check } from "../option-check.ts";
import { answerOnce } from "../platform/deadline.ts";
import { hasPage, type Platform } from "../platform/platform.ts";
import type { WakeUp } from "../platform/wake-up.ts";
import { Reactions } from "../reactions.ts";
import { backoff } from "../refresh/backoff.ts";
import type { EndpointOwner } from "../refresh/endpoint.ts";
import type { RefreshOutcome } from "../refresh/outcome.ts";
import type { RefreshReason } from "../refresh/refresh.ts";
import { memoryStore } from "../store/memory.ts";
import { type Found, SafeStore, type Settling, type StoreOwner } from "../store/safe-store.ts";
import { type SourceStore, sourceStore } from "../store/source-store.ts";
import { reachOf } from "../store/token-store.ts";
import { webStorageStore } from "../store/web-storage.ts";
import type { TabNews } from "../tabs/refresh-lock.ts";
import {
  type AccessToken,
  inherited,
  isDue,
  isExpired,
  type Origin,
  remeasured,
  sameLife,
} from "../token/access-token.ts";
import { Fingerprints } from "../token/fingerprints.ts";
import { readSignInTokens, type TokenSet } from "../token/token-set.ts";
import { drawnAt, isSameUser, NOBODY, nextUser, successor, type User } from "../token/user.ts";
import { Clients, type ClientsOwner, type SessionClient } from "./clients.ts";
import { askAgainAt, type Doubt, doubted, isCertain } from "./doubt.ts";
import { type AuthSessionOptions, checkSessionOptions } from "./options.ts";
import { type Asked, type AttemptEnd, type AttemptOwner, LATE, RefreshAttempt } from "./refresh-attempt.ts";
import { type Allowance, RefreshBudget } from "./refresh-budget.ts";
import {
  checkDueAt,
  isAnswerable,
  type SessionState,
  type State,
  type TokenView,
  tokenOf,
  toSessionState,
  usableToken,
  viewToken,
} from "./session-state.ts";
import { type NewsOwner, SourceNews } from "./source-news.ts";
import { Supply } from "./supply.ts";
import { type Announcement, type GroupOwner, TabGroup } from "./tab-group.ts";
import { answerTab } from "./tab-news.ts";
import { TokenReader } from "./token-reader.ts";
import { type Waiter, Waiters } from "./waiters.ts";

/** What an asker gets whose token was refused. */
export type Replacement =
  /** there is another token already, or none at all: look at the session */
  { status: "look" } | { status: "refreshing" } | Exclude<Allowance, { status: "now" }>;

/** What is asked of `getToken()`. */
interface TokenRequest {
  /** nothing but a token that is still to come will do */
  force?: boolean | undefined;
  /** a token that a server has refused */
  rejected?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** B5: how many ms before a wait began the clock must stand to have been put back. Less is rounding. */
const PUT_BACK = 1_000;

/** ms over which clients are spread that a server has told to come back at one time. */
const RETRY_SPREAD = 1_000;

/** How many of a user's tokens are remembered. */
const MOST_HELD = 64;

/** Who asks for a refresh because of the news of another tab. */
const TABS = {};

/** Keeps one user's token fresh, for sockets and HTTP calls. */
export class Session implements AttemptOwner, StoreOwner, EndpointOwner, GroupOwner, NewsOwner, ClientsOwner {
  readonly platform: Platform;
  readonly reactions: Reactions;
  readonly observable: Observable<SessionState>;
  readonly options: AuthSessionOptions;
  readonly refreshTimeout: number;
  /** Whether the server knows the user by a cookie. What stands for a token then names a renewal, and is sent nowhere. */
  readonly isCookie: boolean;
  readonly tabs: TabGroup;
  /** The HTTP calls of the app, as one who asks for a refresh. */
  readonly http = {};
  readonly #store: SafeStore;
  readonly #sourceStore: SourceStore | undefined;
  readonly #supply: Supply;
  readonly #news: SourceNews;
  readonly #waiters: Waiters;
  readonly #budget = new RefreshBudget();
  readonly #clients: Clients;
  readonly #reader: TokenReader;
  readonly #warned = new Set<string>();
  /** The refresh tokens that have been used up. */
  readonly #spent = new Fingerprints();
  /** The tokens that this user has had here. */
  readonly #held = new Fingerprints(MOST_HELD);
  #state: State = { status: "loading", user: NOBODY };
  #ending: Promise<void> | undefined;
  #isOpen = false;
  #unwatch: (() => void)[] = [];
  /** Why nothing happens any more. */
  #disposed: AuthSocketError | undefined;

  constructor(options: AuthSessionOptions, platform: Platform) {
    checkSessionOptions(options);
    const { name, source, store, refreshTimeout = 10_000, credential } = options;
    this.platform = platform;
    this.options = { ...options };
    this.refreshTimeout = refreshTimeout;
    this.isCookie = credential === "cookie";
    this.reactions = new Reactions(platform.report);
    this.observable = new Observable<SessionState>({ status: "unknown" }, this.reactions);
    this.#clients = new Clients(this);
    this.#reader = new TokenReader(this.options, platform);
    this.#supply = new Supply(this.options, this);
    this.#news = new SourceNews(this, this.#supply);
    this.#waiters = new Waiters(this.reactions, () => this.watch());
    if (source) this.#sourceStore = sourceStore(name ?? "default");
    const kept =
      store ??
      this.#sourceStore ??
      (this.isCookie ? memoryStore({ accessToken: this.renewal() }) : webStorageStore());
    this.#store = new SafeStore(kept, this);
    this.tabs = new TabGroup(name, this, this.#supply, reachOf(kept));
  }

  // What others read.

  /** The public state. The store is asked at the first look, not before (B20). */
  get state(): SessionState {
    if (this.#mayStart && !this.#isOpen) this.read();
    return this.observable.value;
  }

  get user(): User {
    return this.#state.user;
  }

  /** The current access token, good or not. */
  get currentToken(): string | undefined {
    return tokenOf(this.#state)?.accessToken;
  }

  /** What is known of a connection's token by now: the server may just have said when it ends (B5). */
  latest(token: AccessToken): AccessToken {
    const current = tokenOf(this.#state);
    return current?.accessToken === token.accessToken ? current : token;
  }

  /** The access token while it is good. */
  get token(): string | undefined {
    if (this.isCookie) return undefined;
    if (this.#mayStart && !this.#isOpen) this.read();
    return usableToken(this.#state, this.platform.now())?.accessToken;
  }

  /** What a socket has to expect. */
  get view(): TokenView {
    if (this.#disposed) return { status: "signedOut", error: this.#disposed };
    const view = viewToken(this.#state, this.platform.now());
    // An engine that is opened beside the refresh would carry the old cookie.
    return this.isCookie && view.status === "pending" ? { status: "failing" } : view;
  }

  get isShared(): boolean {
    return this.#store.isShared;
  }

  /** Called as a function: a browser's own refuses to be another object's method. */
  get fetch(): NonNullable<AuthSessionOptions["fetch"]> {
    const { fetch = this.platform.fetch } = this.options;
    return (input, init) => fetch(input, init);
  }

  /** B20: without a page, the store of a browser is not there to be read. */
  get #mayStart(): boolean {
    return hasPage(this.platform) || this.options.store !== undefined || this.isCookie;
  }

  warn(message: string): void {
    if (this.#warned.has(message)) return;
    this.#warned.add(message);
    this.platform.warn(message);
  }

  join(client: SessionClient): void {
    this.#clients.join(client);
  }

  leave(client: SessionClient): void {
    this.#clients.leave(client);
    this.watch();
  }

  /** As in `Supply`. */
  get needsPage(): boolean {
    return this.#supply.needsPage;
  }

  /** @throws as `Supply.admit` */
  admit(): void {
    this.#supply.admit();
  }

  /** Sees to it that a token is on its way where there is none (B1). */
  prepare(): void {
    this.admit();
    this.read();
    this.#look();
  }

  // What sockets report.

  /** The server has taken the token of a connection. */
  accepted(token: string): void {
    const state = this.#state;
    const current = tokenOf(state);
    if (!current?.assumed || current.accessToken !== token) return;
    const { assumed: _, ...certain } = current;
    this.#decide({ ...state, user: nextUser(state.user, certain), token: certain } as State);
  }

  /** What an asker was given has proved good (B27). */
  served(asker: object): void {
    this.#budget.served(asker);
  }

  /**
   * B5: the server says how long it will still take a token.
   *
   * @param expiresIn ms
   * @param isEnding whether its renewal is due even so
   */
  measured(token: string, expiresIn: number, isEnding = false): void {
    const state = this.#state;
    const current = tokenOf(state);
    if (!current || current.accessToken !== token) return;
    const now = this.platform.now();
    const known = remeasured(current, now + expiresIn, this.#reader.context("received"));
    this.#decide({ ...state, token: isEnding ? { ...known, renewAt: now } : known } as State);
    // The server is about to cut the connection: no time to wait for a timer that may be throttled.
    if (isEnding) this.#look();
  }

  /**
   * A server has refused a token, or cut a connection made with it. Whether that costs a refresh is decided here, for all
   * who ask (B7, B8, B27). The session itself goes on.
   */
  replace(asker: object, token: string): Replacement {
    const state = this.#state;
    const current = tokenOf(state);
    const now = this.platform.now();
    if (this.#disposed || current?.accessToken !== token) {
      this.#budget.askedLate(asker, token, now);
      return { status: "look" };
    }
    if (state.status === "signedIn") {
      if (current.spent) return { status: "spent" };
      const allowance = this.#budget.allowance(asker, current, now);
      if (allowance.status !== "now") return allowance;
    }
    this.#budget.asked(asker, token, now);
    this.#need("rejected");
    return { status: "refreshing" };
  }

  /** B14: the server has ended a connection at the end of its token, which this clock may not have reached yet. */
  lapsed(token: string): void {
    if (!this.#disposed && this.currentToken === token) this.#need("expired");
  }

  /** A refresh that is under way is for this too, and the token is not handed out meanwhile. */
  #need(reason: "rejected" | "expired"): void {
    const state = this.#state;
    if (state.status === "signedIn") this.#refresh(reason);
    else if (isAnswerable(state)) this.#decide({ ...state, reason } as State);
  }

  /** Whether a server keeps a connection open for that token. */
  isServing(token: string): boolean {
    return this.#clients.isServing(token);
  }

  /** When to try again after so many failures (B6). */
  retryAt(failures: number): number {
    const { base = 1_000, max = 30_000 } = this.options.retry ?? {};
    return this.platform.now() + backoff(failures, { base, max }, this.platform.random());
  }

  /** B6: a time that a server has named, to all alike, is spread over a second. */
  retryAfter(ms: number, failures: number): number {
    const { now, random } = this.platform;
    return Math.max(now() + ms + (ms > 0 ? random() * RETRY_SPREAD : 0), this.retryAt(failures));
  }

  // What the app asks for.

  getToken({ force = false, rejected, signal }: TokenRequest = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#enter(signal);
      const { user } = this.#state;
      if (rejected !== undefined && user.id > 0 && !this.#held.has(rejected)) {
        throw new AuthSocketError("user_changed", `"rejected" is not a token of this user`);
      }
      const isRefused = rejected !== undefined && this.replace(this.http, rejected).status === "refreshing";
      const usable = isRefused ? undefined : usableToken(this.#state, this.platform.now());
      if (usable && !force) {
        this.#look();
        resolve(usable.accessToken);
        return;
      }
      this.#wait(force ? "fresh" : "token", resolve, reject, signal);
      this.#look(force);
      this.#settle();
      this.reactions.run();
    });
  }

  /** Resolves once it is known whether somebody is signed in. */
  whenReady(signal: AbortSignal | undefined): Promise<SessionState> {
    return new Promise<string>((resolve, reject) => {
      this.#enter(signal);
      this.#wait("ready", resolve, reject, signal);
      const token = tokenOf(this.#state);
      // A cookie that is only assumed says nothing.
      if (token?.assumed && this.#state.status === "signedIn") this.#refresh("missing");
      else this.#look();
      this.#settle();
      this.reactions.run();
    }).then(() => {
      const { value } = this.observable;
      const token = usableToken(this.#state, this.platform.now());
      // A renewal may be under way ahead of the token's end: the token is good all the same.
      return !token || value.status === "signedIn"
        ? value
        : Object.freeze(
            toSessionState({ status: "signedIn", user: this.user, token }, this.#store.warning, false),
          );
    });
  }

  #enter(signal: AbortSignal | undefined): void {
    this.#refuseDisposed();
    refuseAborted(signal);
    this.admit();
    this.read();
  }

  #wait(
    wants: Waiter["wants"],
    resolve: (token: string) => void,
    reject: (error: unknown) => void,
    signal: AbortSignal | undefined,
  ): void {
    this.#waiters.add({ wants, user: this.#state.user.id }, resolve, reject, signal);
  }

  async signIn(given: unknown): Promise<void> {
    this.#refuseDisposed();
    if (given === undefined && !this.isCookie) return this.#signInAgain();
    check(given === undefined || !this.isCookie, "tokens", `left out with credential "cookie"`);
    this.#open();
    const now = this.platform.now();
    const tokens = this.isCookie ? { accessToken: this.renewal() } : readSignInTokens(given, now);
    const isUnsendable = this.#supply.endpoint?.method === "GET" && tokens.refreshToken !== undefined;
    check(
      !isUnsendable,
      "tokens",
      `without a refresh token where "refresh" has the method "GET": use "POST"`,
    );
    const state = this.#state;
    const current = tokenOf(state);
    if (current?.accessToken === tokens.accessToken && state.status !== "signedOut")
      this.#renewFields(current, tokens);
    else {
      // 2.1: a lifetime counts from now. A set that tells the instant of its end, or nothing, may have been kept for long.
      const isHeld = tokens.expiresAt === undefined || tokens.expiresAt === Object(given).expiresAt;
      this.#takeSignIn(tokens, isHeld ? "held" : "received");
    }
    this.#clients.react((client) => client.signedIn());
    this.reactions.run();
    await this.#whenWritten();
  }

  /** B23: the access token is there already. What else is new about it is stored, and nobody changes. */
  #renewFields(current: AccessToken, tokens: TokenSet): void {
    const isKnown = Object.entries(tokens).every(
      ([field, value]) => current[field as keyof TokenSet] === value,
    );
    if (isKnown) return;
    const {
      subject = current.subject,
      refreshToken = current.refreshToken,
      signInId = current.signInId,
    } = tokens;
    const fresh = this.#reader.read({ ...tokens, subject, refreshToken, signInId }, "held");
    const known =
      fresh.expiresAt === undefined
        ? { ...current, subject, refreshToken, signInId, spent: undefined }
        : fresh;
    const { id } = this.#state.user;
    const user = { id, subject: known.subject, signInId: known.signInId };
    this.#decide({ ...this.#state, user, token: known } as State, this.#store.save(known));
  }

  #takeSignIn(tokens: TokenSet, origin: Origin): void {
    const state = this.#state;
    const read = (signInId: string) => this.#reader.read({ ...tokens, signInId }, origin);
    const drawn = read(tokens.signInId ?? this.#reader.drawSignIn());
    const isSame = isSameUser(state.user, drawn) && "token" in state;
    // The sign-in of the same user stays what it was, so that other tabs see no other user in its later tokens.
    const token =
      isSame && tokens.signInId === undefined ? read(state.user.signInId ?? drawn.signInId) : drawn;
    const user = nextUser(state.user, token);
    this.#overtake(isSame ? undefined : token);
    // Other tabs hear of it. Those who know that user go on as they are; those whose session has ended come back (B23).
    const save = this.#store.save(token, this.#announcing({ signedOut: false, token }));
    this.#decide({ status: "signedIn", user, token }, save);
  }

  /** The store, a refresh cookie or the source has what the sign-in brought. */
  async #signInAgain(): Promise<void> {
    this.admit();
    if (this.#sourceStore) {
      // Also where the same user had signed out here.
      if (this.#state.status === "signedOut" || this.#sourceStore.signedOut?.()) this.#reopen(true);
      else this.#open();
      // The SDK may have changed its user without a word. An answer that is under way may be about the last one.
      const { question } = this;
      if (question?.token) {
        this.#overtake();
        this.#refresh("expiring");
        await this.#attempt?.over;
      }
    } else {
      await new Promise<void>((done) => this.read(done));
      if (this.#state.status === "signedOut") this.#reopen(true);
    }
    this.#clients.react((client) => client.signedIn());
    this.reactions.run();
    await this.getToken();
  }

  async signOut(): Promise<void> {
    const { user } = this.#state;
    const token = tokenOf(this.#state);
    this.#overtake("nobody");
    const announcing = this.#announcing({ signedOut: true, token, subject: user.subject });
    this.#decide({ status: "signedOut", user: successor(user) }, this.#store.clearAll(true, announcing));
    await this.#ending;
    await this.#whenWritten();
  }

  /** Called in a listener, what is to be written follows only when the listener is done. */
  async #whenWritten(): Promise<void> {
    await Promise.resolve();
    await this.#store.written;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = new AuthSocketError("signed_out", "the session was disposed of");
    const state = this.#state;
    // B22: what has been sent is seen to its end, and stored.
    if (state.status === "refreshing") state.attempt.abandon();
    this.tabs.close();
    this.#clients.dismiss();
    this.#waiters.answer(() => this.#disposed);
    this.reactions.run();
    for (const end of this.#unwatch) quietly(end);
    this.#unwatch = [];
    this.observable.clear();
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw this.#disposed;
  }

  // What comes from the store, from other tabs and from a source.

  #open(): void {
    if (this.#isOpen || this.#disposed) return;
    this.#isOpen = true;
    const unwatch = (end: () => void) => {
      if (this.#disposed) quietly(end);
      else this.#unwatch.push(end);
    };
    // A store that is shared says it better. It tells other tabs by itself, and nobody else on this page.
    const end = this.tabs.open((news) => (this.isShared ? this.read() : this.#followTab(news)));
    if (end) unwatch(end);
    this.#store.watch(() => this.read(), unwatch);
    const { source } = this.options;
    if (source) this.#news.watch(source, unwatch);
  }

  /** Looks into the store, which the app's own code or another tab may have written (B8). */
  read(done?: () => void): void {
    if (this.#disposed) {
      done?.();
      return;
    }
    this.#open();
    // One that could not be read is not waited for again (B9): what it has after all comes when it comes.
    const isWaitedFor = !this.#store.isUnreadable;
    this.#store.read((found) => {
      if (!this.#disposed) this.#found(found);
      if (isWaitedFor) done?.();
    });
    if (!isWaitedFor) done?.();
  }

  #found(found: Found): void {
    const state = this.#state;
    if (found === "unchanged") return;
    if (found === "signedOut") this.#leave();
    else if (found === "nothing") {
      // An emptied store is no sign-out: what is in memory goes on.
      if (state.status === "loading") this.#decide({ status: "unknown", user: state.user });
    } else {
      const token = this.#reader.read(found.tokens, "held");
      // Somebody only once the server has said so: the first sign-in of all inherits from nobody (B16).
      if (this.isCookie) {
        this.#decide({ status: "signedIn", user: state.user, token: { ...token, assumed: true } });
      } else this.#adopt(token);
    }
    if (this.#isWanted) this.#look();
  }

  /** A token that came in from outside takes the place of the present one. */
  #adopt(token: AccessToken, ...effects: (() => void)[]): void {
    const { user } = this.#state;
    this.#overtake(user.id === 0 || isSameUser(user, token) ? undefined : token);
    this.#decide({ status: "signedIn", user: nextUser(user, token), token }, ...effects);
  }

  /** What that means is decided in tab-news.ts. */
  #followTab(news: TabNews): void {
    const state = this.#state;
    const answer = answerTab(news, state, this.#supply.isSource);
    switch (answer) {
      case "askSource":
        // A sign-in undoes a sign-out in all tabs, also in the one where it was.
        if (!news.signedOut && state.status === "signedOut") this.#store.clearAll(false)();
        this.#news.ask(true);
        break;
      case "leave":
        this.#leave();
        break;
      case "reopen":
        this.#reopen(false);
        if (this.#isWanted) this.#look();
        break;
      case "startAnew": {
        const clear = this.#store.clear(`${this.currentToken}`);
        this.#overtake();
        this.#decide({ status: "unknown", user: successor(state.user) }, clear);
        if (this.#isWanted) this.#look();
        break;
      }
      case "refresh":
        if (state.status === "signedIn") this.#refreshForTabs(state);
        break;
      case "nothing":
        break;
      default:
        answer satisfies never;
    }
  }

  #refreshForTabs(state: State & { status: "signedIn" }): void {
    const allowance = this.#budget.allowance(TABS, state.token, this.platform.now());
    if (allowance.status === "later") {
      const renewAt = Math.min(allowance.at, state.token.renewAt ?? allowance.at);
      this.#decide({ ...state, token: { ...state.token, renewAt } });
    } else this.#refresh("forced");
  }

  /**
   * Somebody has signed in. Whoever comes need not be who left; where nobody is named there is no telling (B16).
   *
   * @param isOwn whether it was here, and other tabs are to hear of it
   */
  #reopen(isOwn: boolean): void {
    const { user } = this.#state;
    const announcing = isOwn ? this.#announcing({ signedOut: false }) : undefined;
    this.#decide(
      { status: "unknown", user: user.subject === undefined ? successor(user) : user },
      this.#store.clearAll(false, announcing),
    );
  }

  /** What a source is asked when it has news. */
  get question(): Asked | undefined {
    const { user } = this.#state;
    const token = tokenOf(this.#state);
    return this.#disposed ? undefined : { user, token, reason: token ? "expiring" : "missing", isLook: true };
  }

  sourceHas(asker: User, tokens: TokenSet | undefined, isTold: boolean): void {
    const { user } = this.#state;
    const current = tokenOf(this.#state);
    // What has been decided meanwhile is newer.
    if (this.#disposed || user.id !== asker.id) return;
    // What the SDK does not tell its other tabs, they hear from here.
    if (!tokens) {
      // It is no sign-out that outlives a reload.
      const announcement = { signedOut: true, look: true, token: current, subject: user.subject };
      this.#leave(() => {
        if (current && !isTold) this.#announcing(announcement)?.(() => {});
      });
      return;
    }
    if (current?.accessToken === tokens.accessToken) return;
    const token = this.#received(tokens, "held");
    // An SDK may still hold the token of the very user who has signed out here.
    if (this.#sourceStore?.hasLeft(token.subject)) return;
    if (isExpired(token, this.platform.now()) && current) return;
    const isNews = !isTold && (!current || !isSameUser(user, token));
    this.#adopt(
      token,
      this.#store.save(token, isNews ? this.#announcing({ signedOut: false, token }) : undefined),
    );
  }

  /** Somebody has signed out elsewhere. */
  #leave(...effects: (() => void)[]): void {
    const { status, user } = this.#state;
    if (status === "signedOut") return;
    this.#overtake();
    this.#decide({ status: "signedOut", user: successor(user) }, ...effects);
  }

  // Refreshing.

  /** Somebody needs a token, a timer has rung, or the page has come back to life. */
  #look(force = false, isOnline = false): void {
    if (this.#disposed) return;
    const state = this.#state;
    const now = this.platform.now();
    switch (state.status) {
      case "unknown":
        this.#refresh("missing");
        break;
      case "signedIn": {
        const { token } = state;
        if (token.spent) {
          if (isExpired(token, now)) this.#end(orphaned(), token);
          else if (force) this.#refuseFresh();
        } else if (isExpired(token, now)) this.#refresh("expired");
        else if (force) this.#refresh("forced");
        else if (isDue(token, now)) this.#refresh("expiring");
        break;
      }
      case "waiting": {
        if (state.late) break; // its answer may still come (B22)
        if (now < state.retryAt && now >= state.since - PUT_BACK && !isOnline) break;
        const { token, reason, failures, doubt } = state;
        const worse = reason === "expiring" && token && isExpired(token, now) ? "expired" : reason;
        this.#refresh(worse, failures, doubt);
        break;
      }
      case "loading":
      case "signedOut":
      case "refreshing":
        break;
      default:
        state satisfies never;
    }
    this.watch();
  }

  #refresh(reason: RefreshReason, failures = 0, doubt?: Doubt): void {
    const { user } = this.#state;
    const token = tokenOf(this.#state);
    const attempt = new RefreshAttempt(this, {
      user,
      token,
      reason,
      isLook: this.#supply.isLook(token, reason),
    });
    this.#decide({ status: "refreshing", user, token, reason, attempt, failures, doubt }, () =>
      attempt.start(),
    );
  }

  /**
   * What is decided takes the place of a refresh that is under way. A request that was sent is seen to its end (B22): where
   * the user stays, or another tab has signed out and in meanwhile, it may bring the cookie of the next one. One that was sent
   * before another user's sign-in would bring the last user's cookie, and is aborted (B16).
   *
   * A sign-out here aborts it, too (B10).
   *
   * @param next the token that comes instead, where it is another user's; "nobody": a sign-out here
   */
  #overtake(next?: AccessToken | "nobody"): void {
    const attempt = this.#attempt;
    if (!attempt) return;
    if (next && !(next !== "nobody" && this.#supply.askedAt >= drawnAt(next.signInId))) attempt.cancel();
    else attempt.abandon();
    this.#ending = attempt.over;
  }

  /** The refresh whose request may be under way. */
  get #attempt(): RefreshAttempt | undefined {
    const state = this.#state;
    return state.status === "refreshing"
      ? state.attempt
      : state.status === "waiting"
        ? state.late
        : undefined;
  }

  ended(attempt: RefreshAttempt, end: AttemptEnd): void {
    const state = this.#state;
    const now = this.platform.now();
    if (end.type === "granted" || end.type === "adopted") {
      this.#granted(attempt, end);
      return;
    }
    // B22: what a session that was disposed of is given is kept; it asks for nothing again.
    if (!("reason" in state) || this.#attempt !== attempt || this.#disposed) return;
    const { user, token, reason } = state;
    switch (end.type) {
      case "late":
        this.#fail(state, end.error, now + LATE, attempt);
        break;
      case "preempted":
        this.#refresh(reason, state.failures, state.doubt);
        break;
      case "failed": {
        this.#fail(state, end.error, this.retryAfter(end.retryAfter, state.failures));
        break;
      }
      case "denied":
        this.#denied(state, end, now);
        break;
      case "spent":
        if (!token || isExpired(token, now)) this.#end(orphaned(), token);
        else {
          this.#refuseFresh();
          this.#decide({ status: "signedIn", user, token: { ...token, spent: true } });
        }
        break;
      default:
        end satisfies never;
    }
  }

  #granted(attempt: RefreshAttempt, end: AttemptEnd & { type: "granted" | "adopted" }): void {
    const state = this.#state;
    const { asked } = attempt;
    // B10: a sign-out beats it, and what one user's request has brought is not the next one's (B16).
    if (state.status === "signedOut" || state.user.id !== asked.user.id) return;
    const now = this.platform.now();
    const { token: before } = asked;
    const { isSource } = this.#supply;
    const isOld = end.type === "adopted" || asked.isLook;
    const received = inherited(before, this.#received(end.tokens, isOld ? "held" : "received"));
    // What the source holds is what was refused, or has expired, since it was asked.
    if (asked.isLook && "reason" in state && this.#attempt === attempt && state.reason !== asked.reason) {
      if (received.accessToken === before?.accessToken) {
        this.#refresh(state.reason);
        return;
      }
    }
    if (!before && this.#sourceStore?.hasLeft(received.subject)) {
      this.#decide({ status: "signedOut", user: state.user });
      return;
    }
    const sent = before?.refreshToken;
    if (sent !== undefined && received.refreshToken !== sent) this.#spent.add(sent);
    if (end.type === "granted") {
      // The first token of all replaces none, and a look renews none.
      if (asked.reason !== "missing" && !asked.isLook) this.#budget.refreshed(now);
      if (end.turn) this.tabs.handOver(end.turn, sent, received);
    } else if (this.isCookie) this.#budget.forget(); // the connection may have been opened with that very cookie
    // While its turn was given back, another one may have begun, for a token that came from elsewhere.
    if (this.#attempt !== attempt) {
      // It has been here before, by the news of a source, and may have been refused since.
      if (received.accessToken === this.currentToken) return;
      this.#overtake();
    }
    const isGoodStill = asked.reason === "expiring" || asked.reason === "forced" || isSource;
    const token = isGoodStill ? sameLife(before, received, now) : received;
    const user = nextUser(state.user, token);
    const isNews = isSource && before && end.type === "granted" && user.id !== state.user.id;
    this.#decide(
      { status: "signedIn", user, token },
      this.#store.save(token, isNews ? this.#announcing({ signedOut: false, token }) : undefined),
    );
  }

  /** B6: certain, or not yet. */
  #denied(
    state: State & { status: "refreshing" | "waiting" },
    { error, certainty, retryAfter }: RefreshOutcome & { type: "denied" },
    now: number,
  ): void {
    const { token } = state;
    // Who never had a token has lost nothing.
    if (!token || token.assumed) {
      this.#end(undefined, token);
      return;
    }
    const doubt = doubted(state.doubt, certainty, now);
    if (isCertain(doubt, token.refreshToken !== undefined, now)) {
      this.#end(error, token);
      return;
    }
    if (certainty === "transient") {
      this.#fail(state, error, this.retryAfter(retryAfter, state.failures));
      return;
    }
    const retryAt = askAgainAt(doubt, now, {
      base: this.options.retry?.base,
      retryAt: this.retryAt(state.failures),
    });
    // Not `session_expired`: an app would show a sign-in form to somebody who is signed in.
    const { message, cause } = error;
    this.#fail({ ...state, doubt }, new AuthSocketError("refresh_failed", message, { cause }), retryAt);
  }

  #fail(
    state: State & { status: "refreshing" | "waiting" },
    error: AuthSocketError,
    retryAt: number,
    late?: RefreshAttempt,
  ): void {
    const { user, token, reason, doubt } = state;
    const since = this.platform.now();
    const failures = state.failures + (state.status === "waiting" ? 0 : 1);
    this.#waiters.answer(({ wants }) => (wants === "ready" ? undefined : error));
    this.#decide({ status: "waiting", user, token, reason, failures, doubt, since, retryAt, error, late });
  }

  #end(error: AuthSocketError | undefined, token: AccessToken | undefined): void {
    const { user } = this.#state;
    this.#decide({ status: "signedOut", user, error }, () => {
      if (token) this.#clear(token);
    });
  }

  /** B6: there is no other token to come. */
  #refuseFresh(): void {
    this.#waiters.answer(({ wants }) => (wants === "fresh" ? orphaned() : undefined));
    this.reactions.run();
  }

  // What a refresh needs of its session.

  leaseName(asked: Asked): string | undefined {
    return asked.isLook ? undefined : this.tabs.leaseName(asked.token);
  }

  ask(asked: Asked, signal: AbortSignal): unknown {
    return this.#supply.ask(asked, signal);
  }

  held(asked: Asked, signal: AbortSignal): Promise<TokenSet | undefined> | undefined {
    if (!this.#supply.isSource || !asked.token || asked.isLook) return undefined;
    return this.#supply.held(asked, signal).then(
      (tokens) =>
        tokens && isExpired(this.#received(tokens, "held"), this.platform.now()) ? undefined : tokens,
      () => undefined,
    );
  }

  isSpent(refreshToken: string): boolean {
    return this.#spent.has(refreshToken);
  }

  stillHolds({ token, user }: Asked, done: (holds: boolean) => void): void {
    if (this.#state.user.id !== user.id || this.#state.status === "signedOut") {
      done(false);
      return;
    }
    this.#store.peek((found) => {
      const isSent =
        found?.accessToken === token?.accessToken ||
        (found?.refreshToken !== undefined && found.refreshToken === token?.refreshToken);
      // An emptied store is no sign-out. What is in memory decides then.
      done(found ? isSent : this.currentToken === token?.accessToken);
    });
  }

  renewal(): string {
    return this.#reader.renewal();
  }

  warningChanged(): void {
    this.observable.next(this.#public);
    this.reactions.run();
  }

  get #public(): SessionState {
    return toSessionState(this.#state, this.#store.warning, this.#sourceStore !== undefined);
  }

  // Deciding.

  /** The one place where the state changes. What follows is queued, with what it was decided on (B11, B16). */
  #decide(next: State, ...effects: (() => void)[]): void {
    const before = this.#state;
    const token = tokenOf(next);
    const last = tokenOf(before)?.accessToken;
    const isNew = token !== undefined && token.accessToken !== last;
    if (isNew && last !== undefined) this.#budget.replaced(last);
    this.#state = next;
    if (next.user.id !== before.user.id) {
      this.#held.clear();
      if (before.user.id > 0) {
        this.#budget.forget(); // what the last user's tokens were refused for
        this.#clients.drop();
      }
    }
    const refresh = before.status === "refreshing" ? before.attempt.asked : undefined;
    // What the store turns out to hold at first is no other token than the one that was there, nor is what a source holds.
    const isFresh = refresh
      ? next.status === "signedIn" && !(refresh.isLook && (!isNew || last === undefined))
      : isNew && before.status !== "loading";
    if (token) this.#held.add(token.accessToken);
    for (const effect of effects) this.reactions.react(effect);
    this.#clients.react((client) => client.follow());
    this.observable.next(this.#public);
    this.#settle(isFresh);
    this.reactions.run();
  }

  /**
   * Answers those who wait, once the state says what they get.
   *
   * @param isFresh whether it has just got a token that was still to come
   */
  #settle(isFresh = false): void {
    const state = this.#state;
    const { status, user } = state;
    const token = usableToken(state, this.platform.now());
    this.#waiters.answer(({ wants, user: asker }) => {
      const isReady = wants === "ready";
      if (status === "signedOut")
        return isReady ? "" : (state.error ?? new AuthSocketError("signed_out", "nobody is signed in"));
      if (!token || (token.assumed && status === "signedIn")) return undefined;
      if (!isReady && asker > 0 && asker !== user.id)
        return new AuthSocketError("user_changed", "another user has signed in");
      return wants !== "fresh" || isFresh ? token.accessToken : undefined;
    });
    if (status === "signedIn" && this.#waiters.wantFresh)
      this.reactions.react(() => this.#look(this.#waiters.wantFresh));
  }

  watch(): void {
    this.#clients.watch(this.#isWanted, checkDueAt(this.#state));
  }

  get #isWanted(): boolean {
    return !this.#disposed && (!this.#waiters.isEmpty || this.#clients.needToken);
  }

  rang(): void {
    this.#look();
  }

  wokeUp(wakeUp: WakeUp): void {
    this.read(); // B8
    if (this.#isWanted) this.#look(false, wakeUp === "online");
    this.#clients.react((client) => client.wokeUp(wakeUp));
    this.reactions.run();
  }

  // Tokens and the store.

  /** Empties the store of a token that has ended the session, unless another tab has put a newer one there. */
  #clear(token: AccessToken): void {
    this.tabs.unlessBehind(token, () => this.#store.clear(token.accessToken)());
  }

  #announcing(announcement: Announcement): Settling | undefined {
    const { subject } = this.#state.user;
    return this.tabs.announcing({ subject, ...announcement }, () => {
      void this.#store.written?.then(() => this.read());
    });
  }

  #received(tokens: TokenSet, origin: Origin): AccessToken {
    const at = origin === "received" ? this.#supply.receivedAt : this.platform.now();
    return this.#reader.readAnswer(tokens, origin, this.user, tokenOf(this.#state), at);
  }
}

function orphaned(): AuthSocketError {
  return new AuthSocketError(
    "session_expired",
    "this tab is signed out: another tab has used its refresh token",
  );
}

/** B9: it is over for the session, whatever a store or a source says. */
function quietly(end: () => void): void {
  answerOnce(
    end,
    () => {},
    () => {},
  );
}
