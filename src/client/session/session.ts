import { refuseAborted } from "../abort.ts";
import { AuthSocketError } from "../errors.ts";
import { Observable } from "../observable.ts";
import { check } from "../option-check.ts";
import { hasPage, type Platform } from "../platform/platform.ts";
import { Reactions } from "../reactions.ts";
import type { EndpointOwner } from "../refresh/endpoint.ts";
import { memoryStore } from "../store/memory.ts";
import { type Found, SafeStore, type Settling, type StoreOwner } from "../store/safe-store.ts";
import { type SourceStore, sourceStore } from "../store/source-store.ts";
import { reachOf } from "../store/token-store.ts";
import { webStorageStore } from "../store/web-storage.ts";
import type { TabNews } from "../tabs/refresh-lock.ts";
import {
  type AccessToken,
  isExpired,
  type Origin,
  type ReadingContext,
  remeasured,
  toAccessToken,
} from "../token/access-token.ts";
import { fingerprint } from "../token/fingerprint.ts";
import { type KnownTokens, readSignInTokens, type TokenSet } from "../token/token-set.ts";
import {
  drawSignIn,
  isSameUser,
  NOBODY,
  namesAnother,
  nextUser,
  perhapsAnother,
  successor,
  type User,
} from "../token/user.ts";
import { Clients, type ClientsOwner, type SessionClient } from "./clients.ts";
import { type AuthSessionOptions, checkSessionOptions } from "./options.ts";
import type { Asked } from "./refresh-attempt.ts";
import { Refreshes, type RefreshesOwner } from "./refreshes.ts";
import {
  checkDueAt,
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
import { answerTab, isOthers } from "./tab-news.ts";
import { nextRenewal, presentSignIn, readingContext } from "./token-reader.ts";
import { Waiters } from "./waiters.ts";

/** What is asked of `getToken()`. */
interface TokenRequest {
  /** nothing but a token that is still to come will do */
  force?: boolean | undefined;
  /** a token that a server has refused */
  rejected?: string | undefined;
  signal?: AbortSignal | undefined;
  /** whoever turns out to be signed in; default: nobody but the present user */
  isAnybodys?: boolean;
}

/** ms for which a fresh token is good at least, whatever a server says. */
const LEAST_LIFE = 1_000;

/** Keeps one user's token fresh, for sockets and HTTP calls. */
export class Session
  implements RefreshesOwner, StoreOwner, EndpointOwner, GroupOwner, NewsOwner, ClientsOwner
{
  readonly platform: Platform;
  readonly reactions: Reactions;
  readonly observable: Observable<SessionState>;
  readonly options: AuthSessionOptions;
  readonly refreshTimeout: number;
  /** Whether the server knows the user by a cookie. What stands for a token then names a refresh, and is sent nowhere. */
  readonly isCookie: boolean;
  /** Whether other tabs read and write the store too. */
  readonly isShared: boolean;
  readonly tabs: TabGroup;
  readonly refreshes: Refreshes;
  readonly news: SourceNews;
  /** The HTTP calls of the app, as one who asks for a refresh. */
  readonly http = {};
  readonly #store: SafeStore;
  readonly #sourceStore: SourceStore | undefined;
  readonly #supply: Supply;
  readonly #waiters: Waiters;
  readonly #clients: Clients;
  readonly #warned = new Set<string>();
  /** The tokens that this user has had here: they can be recognised, and not read (S1). */
  readonly #held = new Set<number>();
  #state: State = { status: "loading", user: NOBODY };
  #signOuts = 0;
  /** When a sign-in or the store brought the last tokens, in ms since the epoch. */
  #cameAt = 0;
  /** The end of the access token as the app has given it last. The server may have put it right since (B5). */
  #givenEnd: number | undefined;
  /** The last sign-out that another tab has told of. */
  #lastSignOut: TabNews | undefined;
  #isOpen = false;
  /** What ends what it listens to. */
  #ends: (() => void)[] = [];
  /** Why nothing happens any more. */
  #disposed: AuthSocketError | undefined;
  #refuse = (_: AuthSocketError) => {};
  /** Rejects when it is disposed of. */
  readonly #disposal = new Promise<never>((_, reject) => {
    this.#refuse = reject;
  });

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
    this.#supply = new Supply(this.options, this);
    this.news = new SourceNews(this, this.#supply);
    this.#waiters = new Waiters(this.reactions, () => this.watch());
    this.#disposal.catch(() => {}); // perhaps nobody waits
    if (source) this.#sourceStore = sourceStore(name ?? "default");
    const kept =
      store ??
      this.#sourceStore ??
      (this.isCookie ? memoryStore({ accessToken: nextRenewal() }) : webStorageStore());
    this.isShared = !!kept.subscribe;
    this.#store = new SafeStore(kept, this);
    this.tabs = new TabGroup(name, this, this.#supply, reachOf(kept));
    this.refreshes = new Refreshes(this, this.#supply, this.#store, this.#waiters);
  }

  // What others read.

  /** The public state. */
  get shown(): SessionState {
    this.look();
    return this.observable.value;
  }

  /** The store is asked at the first look, not before (B20), and where there is no page only if it is there to be read. */
  look(): void {
    const mayStart = hasPage(this.platform) || this.options.store !== undefined || this.isCookie;
    if (mayStart && !this.#isOpen) this.read();
  }

  get state(): State {
    return this.#state;
  }

  get isDisposed(): boolean {
    return this.#disposed !== undefined;
  }

  hasLeft(subject: string | undefined): boolean {
    return this.#sourceStore?.hasLeft(subject) ?? false;
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
    this.look();
    return usableToken(this.#state, this.platform.now())?.accessToken;
  }

  /** What a socket has to expect. */
  get view(): TokenView {
    if (this.#disposed) return { status: "signedOut", error: this.#disposed };
    const view = viewToken(this.#state, this.platform.now());
    // An engine that is opened beside the refresh would carry the old cookie.
    return this.isCookie && view.status === "pending" ? { status: "failing" } : view;
  }

  /** Called as a function: a browser's own refuses to be another object's method. */
  fetch(...request: Parameters<typeof fetch>): Promise<Response> {
    const { fetch = this.platform.fetch } = this.options;
    return fetch(...request);
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
    this.refreshes.look();
  }

  // What sockets report.

  /** The server has taken the token of a connection. */
  accepted(token: string): void {
    const state = this.#state;
    const current = tokenOf(state);
    // A refresh that is under way says whose session it is.
    if (!current?.assumed || current.accessToken !== token || "reason" in state) return;
    const { assumed: _, ...certain } = current;
    this.decide({ ...state, user: nextUser(state.user, certain), token: certain } as State);
  }

  /**
   * B5: the server says how long it will still take a token.
   *
   * @param expiresIn ms
   * @param isEnding whether its refresh is due even so
   */
  measured(token: string, expiresIn: number, isEnding = false): void {
    const state = this.#state;
    const current = tokenOf(state);
    if (!current || current.accessToken !== token) return;
    const now = this.platform.now();
    const { restsUntil } = this.refreshes.budget;
    // B27: said of each fresh token, it shows a wrong clock, and would be answered by refreshes without an end.
    if (expiresIn < LEAST_LIFE && now < restsUntil) return;
    const known = remeasured(current, now + expiresIn, this.#reading("received"));
    const renewAt = isEnding ? Math.max(now, Math.min(restsUntil, known.renewAt ?? now)) : known.renewAt;
    this.decide({ ...state, token: { ...known, renewAt } } as State);
    // The server is about to cut the connection: no time to wait for a timer that may be throttled.
    if (isEnding) this.refreshes.look();
  }

  /** Whether a server keeps a connection open for that token. */
  isServing(token: string): boolean {
    return this.#clients.isServing(token);
  }

  // What the app asks for.

  getToken({ force = false, rejected, signal, isAnybodys }: TokenRequest = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#enter(signal);
      const { user, status } = this.#state;
      if (rejected !== undefined) {
        if (user.id > 0 && status !== "signedOut" && !this.#held.has(fingerprint(rejected))) {
          throw new AuthSocketError("user_changed", `"rejected" is not a token of this user`);
        }
        this.refreshes.replace(this.http, rejected);
      }
      // One that is being replaced is not usable.
      const usable = usableToken(this.#state, this.platform.now());
      if (usable && !force) {
        this.refreshes.look();
        resolve(usable.accessToken);
        return;
      }
      const asker = isAnybodys ? NOBODY : user;
      this.#waiters.add({ wants: force ? "fresh" : "token", user: asker.id }, resolve, reject, signal);
      this.refreshes.look(force);
      this.#settle();
      this.reactions.run();
    });
  }

  /** Resolves once it is known whether somebody is signed in. */
  whenReady(signal: AbortSignal | undefined): Promise<SessionState> {
    return new Promise<string>((resolve, reject) => {
      this.#enter(signal);
      this.#waiters.add({ wants: "ready", user: this.user.id }, resolve, reject, signal);
      const token = tokenOf(this.#state);
      // A cookie that is only assumed says nothing.
      if (token?.assumed && this.#state.status === "signedIn") this.refreshes.refresh("missing");
      else this.refreshes.look();
      this.#settle();
      this.reactions.run();
    }).then(() => {
      const { value } = this.observable;
      const token = usableToken(this.#state, this.platform.now());
      // A refresh may be under way ahead of the token's end: the token is good all the same.
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

  async signIn(given: unknown): Promise<void> {
    this.#refuseDisposed();
    if (given === undefined && !this.isCookie) return Promise.race([this.#signInAgain(), this.#disposal]);
    check(given === undefined || !this.isCookie, "tokens", `left out with credential "cookie"`);
    this.#open();
    const now = this.platform.now();
    const tokens: KnownTokens = this.isCookie
      ? { accessToken: nextRenewal() }
      : this.#own(readSignInTokens(given, now));
    const isUnsendable = this.#supply.endpoint?.method === "GET" && tokens.refreshToken !== undefined;
    check(
      !isUnsendable,
      "tokens",
      `without a refresh token where "refresh" has the method "GET": use "POST"`,
    );
    const state = this.#state;
    const current = tokenOf(state);
    this.#cameAt = now;
    if (current?.accessToken === tokens.accessToken && state.status !== "signedOut")
      this.#renewFields(current, tokens, "app");
    else {
      // B5: a lifetime counts from now. A set that tells the instant of its end, or nothing, may have been kept for long.
      const isHeld = tokens.expiresAt === undefined || tokens.expiresAt === Object(given).expiresAt;
      this.#takeSignIn(tokens, isHeld ? "held" : "received");
    }
    this.#givenEnd = tokens.expiresAt;
    this.#clients.tell((client) => client.signedIn());
    await this.#whenWritten();
  }

  /** B23: the access token is there already. What else is new about it is stored, and nobody changes. */
  #renewFields(current: AccessToken, tokens: KnownTokens, from: "app" | "stored"): void {
    const ends = [undefined, current.expiresAt, this.#givenEnd];
    const isSameEnd = ends.includes(tokens.expiresAt);
    const isKnown = Object.entries(tokens).every(
      ([field, value]) => current[field as keyof TokenSet] === value || (isSameEnd && field === "expiresAt"),
    );
    if (isKnown) return;
    const { subject, refreshToken, signInId } = { ...current, ...tokens };
    const known = isSameEnd
      ? { ...current, subject, refreshToken, signInId, spent: undefined }
      : toAccessToken({ ...tokens, subject, refreshToken, signInId }, this.#reading("held"));
    const { id } = this.#state.user;
    const user = { id, subject: known.subject, signInId: known.signInId };
    const effects = from === "app" ? [this.#store.save(known)] : [];
    const state = this.#state;
    const now = this.platform.now();
    // Only time spoke against it, which has been put off.
    const isGoodAgain =
      "reason" in state && state.reason === "expired" && isExpired(current, now) && !isExpired(known, now);
    // Who wants another one goes on waiting for it.
    const isForced = isGoodAgain && this.#waiters.wantFresh;
    if (refreshToken === current.refreshToken && (!isGoodAgain || isForced)) {
      const reason = isForced ? { reason: "forced" } : {};
      this.decide({ ...state, ...reason, user, token: known } as State, ...effects);
      return;
    }
    // What is asked with the last one, or for its end, is answered in vain.
    this.refreshes.overtake();
    this.decide({ status: "signedIn", user, token: known }, ...effects);
  }

  #takeSignIn(tokens: TokenSet, origin: Origin): void {
    const state = this.#state;
    const { signInId = drawSignIn(this.platform) } = tokens;
    const drawn = toAccessToken({ ...tokens, signInId }, this.#reading(origin));
    const isSame = isSameUser(state.user, drawn) && "token" in state;
    // The sign-in of the same user stays what it was, so that other tabs see no other user in its later tokens.
    const kept = isSame && tokens.signInId === undefined ? state.user.signInId : undefined;
    const token = { ...drawn, signInId: kept ?? signInId };
    const user = nextUser(state.user, token);
    this.refreshes.overtake(isSame ? undefined : token);
    // Other tabs hear of it. Those who know that user go on as they are; those whose session has ended come back (B23).
    const save = this.#store.save(token, this.announcing({ signedOut: false, token }));
    this.decide({ status: "signedIn", user, token }, save);
  }

  /** The store, a refresh cookie or the source has what the sign-in brought. */
  async #signInAgain(): Promise<void> {
    this.admit();
    const before = this.currentToken;
    const signOuts = this.#signOuts;
    // A sign-out that is still being written came before it, and is undone.
    await this.#store.written;
    // Waited for in any case: where it holds no token, it is emptied.
    await new Promise<void>((done) => this.read(done, true));
    this.#refuseDisposed();
    // One that came meanwhile is newer (B11).
    if (signOuts !== this.#signOuts) throw new AuthSocketError("signed_out", "the user has signed out");
    this.#cameAt = this.platform.now();
    const token = tokenOf(this.#state);
    // Also where the source's user had signed out here.
    if (!token || this.#sourceStore?.signedOut?.()) {
      this.refreshes.overtake();
      this.#reopen(true);
    } else if (token.accessToken === before && token.refreshToken === undefined) await this.#askAnew();
    this.#clients.tell((client) => client.signedIn());
    await this.getToken({ isAnybodys: true });
  }

  /** The cookie or the SDK may have changed its user. An answer that is under way may be about the last one. */
  async #askAnew(): Promise<void> {
    const { id } = this.user;
    const { attempt } = this.refreshes;
    this.refreshes.overtake();
    await this.refreshes.ending;
    this.#refuseDisposed();
    const state = this.#state;
    const last = tokenOf(state);
    if (!last) return;
    // B2: one that has begun meanwhile asks the same.
    if (!this.refreshes.attempt || this.refreshes.attempt === attempt)
      this.refreshes.refresh("reason" in state ? state.reason : "expiring");
    await this.refreshes.attempt?.over;
    // What is asked once more is waited for: before long (B6), or at once, where somebody has signed in elsewhere meanwhile.
    if (this.#isInsistent || this.#state.status === "refreshing")
      await this.getToken({ force: true, isAnybodys: true });
    const after = this.#state;
    if (after.status === "waiting") throw after.error;
    // B16, B22: what was brought is told to others, also where the session was disposed of meanwhile. If nothing was, somebody
    // may have signed out elsewhere (B10). What a source brings has been announced.
    const token = tokenOf(after);
    const isDone =
      after.status === "signedIn" || (token?.accessToken !== last.accessToken && !this.#disposed);
    if (!token || !isDone || this.#supply.isSource) return;
    // Tabs where a nameless user is signed in would refresh to find out who it is.
    if (after.user.id !== id || token.subject !== undefined)
      this.announcing({ signedOut: false, token })?.(() => {});
  }

  async signOut(): Promise<void> {
    this.#open(); // it is to hear who signs in elsewhere later
    this.#signOuts++;
    const { user, status } = this.#state;
    const token = tokenOf(this.#state);
    // Who was here before is not who is signed in (B16).
    const subject = token || status === "signedOut" ? user.subject : undefined;
    this.refreshes.overtake("nobody");
    // Whose they are was not known yet (B10).
    if (user.id === 0) this.#clients.discard();
    const announcing = this.announcing({ signedOut: true, token, subject });
    this.decide({ status: "signedOut", user: successor(user) }, this.#store.clearAll(true, announcing));
    await this.refreshes.ending;
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
    this.#refuse(this.#disposed);
    // B22: what has been sent is seen to its end, and stored.
    this.refreshes.attempt?.abandon();
    this.#clients.dismiss();
    this.#waiters.answer(() => this.#disposed);
    this.reactions.run();
    this.#unwatch();
    this.observable.clear();
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw this.#disposed;
  }

  // What comes from the store, from other tabs and from a source.

  #open(): void {
    if (this.#isOpen || this.#disposed) return;
    this.#isOpen = true;
    this.#ends = [
      // A store that is shared says it better. It tells other tabs, and nobody else on this page.
      this.tabs.open((news) => (this.isShared ? this.#followStore(news) : this.#followTab(news))),
      this.#store.watch(() => this.read()),
      this.news.watch(this.options.source),
    ];
    // The app's store or source may have disposed of it.
    if (this.#disposed) this.#unwatch();
  }

  #unwatch(): void {
    for (const end of this.#ends) end();
  }

  /**
   * Looks into the store, which the app's own code or another tab may have written (B8).
   *
   * @param isWaitedFor default: one that could not be read is not waited for again (B9): what it has after all comes when it comes
   */
  read(done?: () => void, isWaitedFor = !this.#store.isUnreadable): void {
    if (this.#disposed) {
      done?.();
      return;
    }
    this.#open();
    const now = this.platform.now();
    this.#store.read((found) => {
      if (!this.#disposed) this.#found(found, now);
      if (isWaitedFor) done?.();
    });
    if (!isWaitedFor) done?.();
  }

  /** @param at when the store was asked */
  #found(found: Found, at: number): void {
    const state = this.#state;
    if (found === "unchanged") return;
    if (found === "signedOut") {
      if (!this.#supply.isSource || tokenOf(state)) this.#leaveToo();
      else if (state.status === "loading") {
        // 2.4: it may have another user by now.
        this.decide({ status: "unknown", user: state.user });
        this.refreshes.look();
      }
    } else if (found === "nothing") {
      // An emptied store is no sign-out: what is in memory goes on.
      if (state.status === "loading") this.decide({ status: "unknown", user: state.user });
    } else {
      this.#cameAt = at;
      const token = toAccessToken(found.tokens, this.#reading("held"));
      // Somebody only once the server has said so: the first sign-in of all inherits from nobody (B16).
      if (this.isCookie) {
        this.decide({ status: "signedIn", user: state.user, token: { ...token, assumed: true } });
      } else {
        const current = tokenOf(state);
        if (current?.accessToken === token.accessToken) this.#renewFields(current, found.tokens, "stored");
        else this.#adopt(token);
      }
    }
    if (this.#isWanted) this.refreshes.look();
  }

  /** A token that came in from outside takes the place of the present one. */
  #adopt(token: AccessToken, ...effects: (() => void)[]): void {
    const { user } = this.#state;
    this.refreshes.overtake(user.id === 0 || isSameUser(user, token) ? undefined : token);
    this.decide({ status: "signedIn", user: nextUser(user, token), token }, ...effects);
  }

  /** Whether tokens have come since (B10). A clock that was put back meanwhile says nothing of it (B5). */
  #isOlder({ since }: TabNews): boolean {
    return Number(since) < this.#cameAt && this.#cameAt <= this.platform.now();
  }

  /** A store that has failed, or that remembers no sign-out, tells nothing of one (B10). */
  #followStore(news: TabNews): void {
    const { currentToken } = this;
    this.read(() => {
      const isUnchanged = currentToken !== undefined && this.currentToken === currentToken;
      const isOld = this.#isOlder(news) || isOthers(news, this.#state);
      if (news.signedOut && isUnchanged && !isOld) this.#leaveStore();
    });
  }

  /** What that means is decided in tab-news.ts. */
  #followTab(news: TabNews): void {
    if (news.signedOut) this.#lastSignOut = news;
    const lastSignOut = this.#lastSignOut;
    const state = this.#state;
    // What stands for a token in cookie mode is counted by each page.
    const told = this.isCookie ? { ...news, token: undefined } : news;
    const answer = this.#isOlder(news) ? "nothing" : answerTab(told, state, this.#supply.isSource);
    switch (answer) {
      case "askSource":
        // A sign-in undoes a sign-out in all tabs, also in the one where it was.
        if (!news.signedOut && state.status === "signedOut") this.#store.clearAll(false)();
        this.news.ask(true);
        break;
      case "leave":
        this.#leaveStore();
        break;
      case "reopen":
        // A store that tabs share need not say so: what it holds by now, the sign-in has brought.
        this.read(() => {
          // Nobody may be signed in there any more, and the store remember that (B10).
          if (this.#disposed || this.#lastSignOut !== lastSignOut) return;
          if (this.#state === state) this.#reopen(false);
          this.#clients.tell((client) => client.signedIn());
          if (this.#isWanted) this.refreshes.look();
        }, true);
        break;
      case "startAnew": {
        const token = tokenOf(state);
        this.refreshes.overtake();
        const user = perhapsAnother(state.user, drawSignIn(this.platform));
        this.decide({ status: "unknown", user }, ...(token ? [this.#store.clear(token)] : []));
        if (this.#isWanted) this.refreshes.look();
        break;
      }
      case "refresh":
        if (state.status === "signedIn") this.refreshes.askForTabs(state);
        break;
      case "nothing":
        break;
      default:
        answer satisfies never;
    }
  }

  /**
   * Somebody has signed in. Whoever comes need not be who left; where nobody is named there is no telling (B16).
   *
   * @param isOwn whether it was here, and other tabs are to hear of it
   */
  #reopen(isOwn: boolean): void {
    const user = perhapsAnother(this.user, drawSignIn(this.platform));
    const announcing = isOwn ? this.announcing({ signedOut: false }) : undefined;
    this.decide({ status: "unknown", user }, this.#store.clearAll(false, announcing));
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
    if (this.#disposed) return;
    // What has been decided meanwhile may be older than the news, and may be newer.
    if (user.id !== asker.id) {
      this.news.ask(isTold);
      return;
    }
    const token = tokens && this.received(tokens, "held");
    // An SDK may still hold the token of the very user who has signed out here.
    const isNobody = !token || this.hasLeft(token.subject);
    if (isNobody && this.#isInDoubt) {
      this.decide({ status: "signedOut", user });
      return;
    }
    // What the SDK does not tell its other tabs, they hear from here.
    if (!token) {
      // It is no sign-out that outlives a reload.
      const announcement = { signedOut: true, look: true, token: current, subject: user.subject };
      this.#leave(() => {
        if (current && !isTold) this.announcing(announcement)?.(() => {});
      });
      return;
    }
    if (current?.accessToken === token.accessToken || isNobody) return;
    if (isExpired(token, this.platform.now()) && current) return;
    const isNews = !isTold && (!current || !isSameUser(user, token));
    this.#adopt(
      token,
      this.#store.save(token, isNews ? this.announcing({ signedOut: false, token }) : undefined),
    );
  }

  /** Nobody is signed in elsewhere any more. */
  #leave(...effects: (() => void)[]): void {
    const { status, user } = this.#state;
    if (status === "signedOut") return;
    this.refreshes.overtake();
    this.decide({ status: "signedOut", user: successor(user) }, ...effects);
  }

  /** Somebody has signed out elsewhere. It may have been somebody whom no token has named here yet (B16). */
  #leaveToo(...effects: (() => void)[]): void {
    const { status, user } = this.#state;
    if (user.id === 0 && status !== "loading" && status !== "signedOut") this.#clients.discard();
    this.#leave(...effects);
  }

  /**
   * A store that this tab has to itself, or that could not be written there, holds the token still (B10). What all tabs share,
   * a source's mark too (2.4), remembers the sign-out. A tab's own does not: no sign-in that comes later elsewhere undoes it.
   */
  #leaveStore(): void {
    const state = this.#state;
    if (state.status === "signedOut") return;
    const token = tokenOf(state);
    // Another user's tokens may have taken their place by now, also where a store does not say that tabs share it (B16).
    const isAnothers = (tokens: TokenSet) =>
      namesAnother(state.user, toAccessToken(tokens, this.#reading("held")));
    if (this.#supply.isSource) this.#leaveToo(this.#store.clearAll(true));
    else if (!this.isShared) this.#leaveToo(this.#store.clearUnless(isAnothers));
    else this.#leaveToo(...(token ? [this.#store.clear(token, true)] : []));
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
  decide(next: State, ...effects: (() => void)[]): void {
    const before = this.#state;
    const token = tokenOf(next);
    const last = tokenOf(before)?.accessToken;
    const isNew = token !== undefined && token.accessToken !== last;
    if (isNew && last !== undefined) this.refreshes.budget.replaced(last);
    this.#state = next;
    if (next.user.id !== before.user.id) {
      if (before.user.id > 0) {
        this.#held.clear();
        this.refreshes.budget.forget(); // what the previous user's tokens were refused for
      }
      this.#clients.drop(last !== undefined);
    }
    const refresh = before.status === "refreshing" ? before.attempt.asked : undefined;
    // What the store turns out to hold at first is no other token than the one that was there, nor is what a source holds.
    const isFresh = refresh
      ? next.status === "signedIn" && !(refresh.isLook && (!isNew || last === undefined))
      : isNew && before.status !== "loading";
    if (token) this.#held.add(fingerprint(token.accessToken));
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
      // B11: a listener may have disposed of it while the call was made.
      if (this.#disposed) return this.#disposed;
      const isReady = wants === "ready";
      // 2.4: nor is it known yet whether another user has come.
      if (isReady && this.#isInDoubt) return undefined;
      if (status === "signedOut")
        return isReady ? "" : (state.error ?? new AuthSocketError("signed_out", "nobody is signed in"));
      if (!token || (token.assumed && status === "signedIn")) return undefined;
      if (!isReady && asker > 0 && asker !== user.id)
        return new AuthSocketError("user_changed", "another user has signed in");
      return wants !== "fresh" || isFresh ? token.accessToken : undefined;
    });
    if (status === "signedIn" && this.#waiters.wantFresh)
      // B9: what has just been brought and is of no use is not asked for again on the spot.
      this.reactions.react(() => (token ? this.refreshes.look(this.#waiters.wantFresh) : this.watch()));
  }

  watch(): void {
    const isWanted = this.#isWanted;
    // B27: what is owed, or in doubt, refreshes nothing.
    const dueAt = isWanted ? checkDueAt(this.#state) : undefined;
    this.#clients.watch(isWanted || this.#isInDoubt || this.news.isOwed, dueAt);
  }

  /** 2.4: somebody has signed out here, and the source has failed to say whether another user has come. */
  get #isInDoubt(): boolean {
    const state = this.#state;
    return state.status === "signedOut" && /^refresh_/.test(`${state.error?.code}`) && !this.#disposed;
  }

  /** Whether somebody waits for a token, or a refusal is to be made sure of (B6). */
  get #isInsistent(): boolean {
    return this.#state.status === "waiting" && this.#state.isInsistent === true;
  }

  get #isWanted(): boolean {
    return !this.#disposed && (this.#isInsistent || !this.#waiters.isEmpty || this.#clients.needToken);
  }

  rang(): void {
    this.refreshes.look();
  }

  wokeUp(isOnline: boolean): void {
    this.read(); // B8
    this.tabs.lock.look(); // B10, B16
    if (this.#isWanted) this.refreshes.look(false, isOnline);
    this.news.look();
    if (isOnline && (this.#isInDoubt || this.news.isOwed)) this.news.askIn(this.refreshes.returned());
    this.#clients.tell((client) => client.wokeUp());
  }

  // Tokens and the store.

  announcing(announcement: Announcement): Settling | undefined {
    return this.tabs.announcing(announcement, () => {
      void this.#store.written?.then(() => this.read());
    });
  }

  /** What a source holds is the source's to refresh. */
  #own<Tokens extends TokenSet>(tokens: Tokens): Tokens | Omit<Tokens, "refreshToken"> {
    const { refreshToken: _, ...others } = tokens;
    return this.#supply.isSource ? others : tokens;
  }

  /** What a refresh or a source has brought. */
  received(
    tokens: TokenSet,
    origin: Origin,
    at = origin === "received" ? this.#supply.receivedAt : this.platform.now(),
  ): AccessToken {
    const token = toAccessToken(this.#own(tokens), this.#reading(origin, at));
    if (tokens.signInId !== undefined) return token;
    const signInId = presentSignIn(token, this.user, tokenOf(this.#state)) ?? drawSignIn(this.platform);
    return { ...token, signInId };
  }

  #reading(origin: Origin, now = this.platform.now()): ReadingContext {
    return readingContext(this.options, this.platform, origin, now);
  }
}
