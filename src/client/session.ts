import { abortReason, refuseAborted } from "./abort.ts";
import { Alarm } from "./alarm.ts";
import { refuseInsecure, refuseTokenInUrl } from "./core/address.ts";
import { backoff } from "./core/backoff.ts";
import { defined } from "./core/defined.ts";
import { AuthSocketError } from "./core/errors.ts";
import {
  defaultSubject,
  type Grant,
  type GrantContext,
  type Origin,
  remeasured,
  toGrant,
} from "./core/grant.ts";
import {
  checkDueAt,
  grantOf,
  NOBODY,
  type SessionEffect,
  type SessionEvent,
  type Session as State,
  type TokenOutlook,
  tokenOutlook,
  transition,
  type User,
  usableGrant,
} from "./core/session-machine.ts";
import { type SessionState, toSessionState } from "./core/session-state.ts";
import { readTokenSet, type TokenSet } from "./core/token-set.ts";
import { Flight, type FlightContext } from "./flight.ts";
import { GuardedStore, type Settling, type StoreContext } from "./guarded-store.ts";
import { Machine, type MachineOwner } from "./machine.ts";
import { check } from "./option-check.ts";
import { memoryStore } from "./platform/memory-store.ts";
import type { Platform } from "./platform/platform.ts";
import { webStorageStore } from "./platform/web-storage-store.ts";
import { PublishedState } from "./published-state.ts";
import { RefreshTurns } from "./refresh-turns.ts";
import { type Refresh, type RefreshRequest, refreshEndpoint } from "./refresher.ts";
import { type AuthSessionOptions, checkSessionOptions } from "./session-options.ts";

/** A connection that a session feeds. */
export interface SessionClient {
  /** The token that the server has accepted and keeps the connection open for; undefined while not connected. */
  readonly connectedWith: string | undefined;
  /** Whether it needs a token now or soon: the reason to look after it (B4). */
  readonly isInDemand: boolean;
  /** Called after every transition. */
  changed(): void;
}

/** One who waits for a token. */
interface Waiter {
  /** nothing but a token that is still to be refreshed will do, by this tab or another */
  readonly force: boolean;
  resolve(token: string): void;
  reject(error: unknown): void;
}

/** Runs the session machine against the store, the refresh function and the clock. */
export class Session implements FlightContext, StoreContext, MachineOwner<SessionEvent, SessionEffect> {
  readonly published = new PublishedState<SessionState>({ status: "refreshing", reason: "missing" });
  readonly platform: Platform;
  readonly #options: AuthSessionOptions;
  readonly #source: Refresh | RefreshRequest;
  readonly refreshTimeout: number;
  readonly #store: GuardedStore;
  readonly turns: RefreshTurns;
  /** Whether the server knows the user by a cookie. What stands for a token then names a renewal, and is sent nowhere. */
  readonly isCookie: boolean;
  #renewals = 0;
  readonly #machine = new Machine<State, SessionEvent, SessionEffect>(
    { status: "unread", user: NOBODY },
    transition,
    this,
  );
  readonly #alarm: Alarm;
  #clients: SessionClient[] = [];
  #waiters: Waiter[] = [];
  /** An endpoint that is not to be insecure (S3). */
  readonly #guarded: string | undefined;
  #flight: Flight | undefined;
  #written: Promise<void> | undefined;
  #unwatch: (() => void) | undefined;
  /** Why nothing happens any more. */
  #disposed: AuthSocketError | undefined;
  #sleep: (() => void) | undefined;

  constructor(options: AuthSessionOptions, platform: Platform) {
    checkSessionOptions(options);
    const { refresh, store, refreshTimeout = 10_000, allowInsecure, credential } = options;
    this.isCookie = credential === "cookie";
    this.platform = platform;
    this.refreshTimeout = refreshTimeout;
    this.#options = { ...options };
    this.#source = typeof refresh === "function" ? refresh : toRequest(refresh);
    let name = "";
    if (typeof this.#source !== "function") {
      name = String(this.#source.url);
      refuseTokenInUrl("refresh", name);
      if (!allowInsecure) {
        refuseInsecure("refresh", name);
        this.#guarded = name;
      }
    }
    const kept = store ?? (this.isCookie ? memoryStore({ accessToken: this.renewal() }) : webStorageStore());
    this.#store = new GuardedStore(kept, this);
    this.turns = new RefreshTurns(platform, name, refreshTimeout);
    this.#alarm = new Alarm(platform, () => this.#check());
  }

  /** Whether other tabs read and write the store too. */
  get isShared(): boolean {
    return this.#store.isShared;
  }

  /** The current access token, good or not. */
  get token(): string | undefined {
    return grantOf(this.#machine.state)?.accessToken;
  }

  get user(): User {
    return this.#machine.state.user;
  }

  /** The public state. The store is asked at the first look, not before (B20). */
  get state(): SessionState {
    if (this.#machine.state.status === "unread") this.read();
    return this.published.value;
  }

  /** What a socket has to expect. */
  outlook(): TokenOutlook {
    const outlook = tokenOutlook(this.#machine.state, this.platform.now());
    // An engine that is opened beside the refresh would carry the old cookie.
    return this.isCookie && outlook.status === "pending" ? { status: "failing" } : outlook;
  }

  get refresh(): Refresh {
    const { fetch = this.platform.fetch, credential } = this.#options;
    return typeof this.#source === "function"
      ? this.#source
      : refreshEndpoint(this.#source, this.platform, fetch, credential);
  }

  join(client: SessionClient): void {
    this.#clients = this.#clients.concat(client);
  }

  leave(client: SessionClient): void {
    this.#clients = this.#clients.filter((other) => other !== client);
    this.watch();
  }

  /** S3: a relative endpoint is as safe as the page, which nobody asks before the first use (B20). */
  #admit(): void {
    const page = this.#guarded && this.platform.location();
    if (page) refuseInsecure("refresh", new URL(this.#guarded, page.href).href);
  }

  /** Sees to it that a token is on its way where there is none (B1). */
  prepare(): void {
    this.#admit();
    this.read();
    this.#check();
  }

  /**
   * B7: whether the server that has refused a token serves a sibling with that very token, or, once a fresh one has been
   * refused too, serves one at all. It is the socket then that it does not want, and not the session.
   */
  isServed(token: string): boolean {
    const refusals = grantOf(this.#machine.state)?.refusals ?? 0;
    // A cookie is looked at when an engine is opened: what has lived on since then proves nothing.
    if (this.isCookie && refusals === 0) return false;
    return this.#clients.some(
      ({ connectedWith }) => connectedWith !== undefined && (connectedWith === token || refusals > 0),
    );
  }

  accepted(token: string): void {
    this.#machine.send({ type: "accepted", token });
  }

  /**
   * @param expiresIn ms for which the server will still take the token (B5)
   * @param isEnding whether its renewal is due even so
   */
  measured(token: string, expiresIn: number, isEnding = false): void {
    const grant = grantOf(this.#machine.state);
    if (grant?.accessToken !== token) return;
    const now = this.platform.now();
    const measured = remeasured(grant, now + expiresIn, this.#context("refreshed"));
    this.#machine.send({ type: "measured", grant: isEnding ? { ...measured, renewAt: now } : measured });
  }

  /** The server is about to cut the connection: no time to wait for a timer that may be throttled. */
  expiring(token: string, expiresIn: number): void {
    this.measured(token, expiresIn, true);
    this.#check();
  }

  cut(token: string): void {
    this.#machine.send({ type: "cut", token });
  }

  /** @param error what the session would end with */
  refused(token: string, error: AuthSocketError): void {
    const { refusals = 0 } = grantOf(this.#machine.state) ?? {};
    const retryAt = this.retryAt(Math.max(refusals - 1, 0));
    this.#machine.send({ type: "refused", token, error, now: this.platform.now(), retryAt });
  }

  /** When to try again after so many failures (B6). */
  retryAt(failures: number): number {
    const { base = 1_000, max = 30_000 } = this.#options.retry ?? {};
    return this.platform.now() + backoff(failures, { base, max }, this.platform.random());
  }

  getToken(force: boolean, signal: AbortSignal | undefined): Promise<string> {
    return new Promise((resolve, reject) => {
      if (this.isCookie) {
        throw new TypeError(`credential "cookie" has no token to get: requests carry the session's cookie`);
      }
      this.#refuseDisposed();
      refuseAborted(signal);
      this.#admit();
      this.read();
      const usable = usableGrant(this.#machine.state, this.platform.now());
      if (usable && !force) {
        this.#check();
        resolve(usable.accessToken);
        return;
      }
      const abandon = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        this.watch();
        if (signal) reject(abortReason(signal));
      };
      const over = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          signal?.removeEventListener("abort", abandon);
          settle(value);
        };
      };
      const waiter: Waiter = { force, resolve: over(resolve), reject: over(reject) };
      signal?.addEventListener("abort", abandon);
      this.#waiters.push(waiter);
      this.#check(force);
      this.#settle();
    });
  }

  async signIn(tokens: unknown): Promise<void> {
    if (tokens === undefined && !this.isCookie) return this.#signInAgain();
    check(tokens === undefined || !this.isCookie, "tokens", `left out with credential "cookie"`);
    const set = readTokenSet(this.isCookie ? this.renewal() : tokens);
    check(set !== undefined, "tokens", "a token or a TokenSet");
    this.#refuseDisposed();
    this.#machine.send({ type: "signIn", grant: this.#grant(set, "given") });
    await this.#whenWritten();
  }

  async signOut(): Promise<void> {
    this.#machine.send({ type: "signOut" });
    await this.#whenWritten();
  }

  /** Called in a listener, what is to be written follows only when the listener is done. */
  async #whenWritten(): Promise<void> {
    await Promise.resolve();
    await this.#written;
  }

  dispose(): void {
    this.#disposed ??= new AuthSocketError("signed_out", "the session was disposed of");
    this.#flight?.abort();
    this.#flight = undefined;
    this.#clients = [];
    this.#rejectWaiters(this.#disposed);
    this.watch();
    try {
      this.#unwatch?.();
    } catch {
      // B9: it is over for the session, whatever the store says
    }
    this.published.clear();
  }

  #refuseDisposed(): void {
    if (this.#disposed) throw this.#disposed;
  }

  /** Looks into the store, which the app's own code or another tab may have written (B8). */
  read(done?: () => void): void {
    if (this.#disposed) return;
    if (!this.#unwatch) {
      this.#unwatch = () => {}; // a store may call its listener there and then
      if (!this.isCookie) this.turns.open();
      const unwatch = this.isShared
        ? this.#store.subscribe(() => this.read())
        : this.turns.watch((signedOut) => this.#followTab(signedOut));
      if (unwatch) this.#unwatch = unwatch;
    }
    this.#store.read((found) => {
      if (found === "signedOut") this.#machine.send({ type: "signedOutElsewhere" });
      else if (found === "nothing") this.#machine.send({ type: "read", grant: undefined });
      else if (found !== "unchanged") {
        const grant = this.#grant(found.tokens, "given");
        this.#machine.send({ type: "read", grant: this.isCookie ? { ...grant, assumed: true } : grant });
      }
      done?.();
    });
  }

  /** B10, B16: tabs that share nothing but a refresh cookie come and go together. Who holds a refresh token goes alone. */
  #followTab(signedOut: boolean): void {
    if (grantOf(this.#machine.state)?.refreshToken) return;
    this.#machine.send({ type: signedOut ? "signedOutElsewhere" : "signedInElsewhere" });
  }

  /** The store, or a refresh cookie, holds what the sign-in brought. */
  async #signInAgain(): Promise<void> {
    await new Promise<void>((done) => this.read(done));
    this.#machine.send({ type: "reopen" });
    await this.getToken(false, undefined);
  }

  #check(force?: boolean, online?: boolean): void {
    if (this.#disposed) return;
    this.#machine.send({
      type: "check",
      now: this.platform.now(),
      force,
      online,
    });
    this.watch();
  }

  done(effects: SessionEffect[], event: SessionEvent): void {
    for (const effect of effects) this.#carryOut(effect, event);
    // B2: what ends a refresh in flight was refreshed by another tab.
    this.#settle(event, event.type === "granted" || effects.includes("abort"));
    // B16: the sockets drop what is the last user's before the app hears of the next.
    for (const client of this.#clients) client.changed();
    this.publish();
    this.watch();
    const isForced = [...this.#waiters].some(({ force }) => force);
    if (this.#isWanted() && (isForced || event.type === "read")) this.#check(isForced);
  }

  #carryOut(effect: SessionEffect, event: SessionEvent): void {
    const grant = grantOf(this.#machine.state);
    switch (effect) {
      case "refresh":
        this.#fly();
        break;
      case "abort":
        if (event.type === "read" || event.type === "signIn") this.#flight?.overtake(event.type, this.user);
        else this.#flight?.abort();
        this.#flight = undefined;
        break;
      case "save":
        if (grant) {
          this.#written = this.#store.save(toTokenSet(grant), this.#voiding(event));
        }
        break;
      case "clear":
        if ("token" in event && event.token) this.#clear(event.token);
        break;
      case "forget":
        this.#written = this.#store.clearAll(true, this.#voiding(event));
        break;
      case "reopen":
        this.#written = this.#store.clearAll(false, this.#voiding(event));
        break;
      default:
        effect satisfies never;
    }
  }

  #clear(token: string): void {
    this.turns.unlessBehind(token, () => {
      this.#written = this.#store.clear(token);
    });
  }

  /** What another tab has under way is not to be written over what this one writes now (B10, B16). */
  #voiding({ type }: SessionEvent): Settling | undefined {
    const isOurs = type === "signIn" || type === "signOut" || type === "reopen";
    if (!isOurs || this.turns.isAlone) return undefined;
    return (done) =>
      this.turns.void(type === "signOut", this.token, (held) => {
        done(held);
        if (!held) void this.#written?.then(() => this.read());
      });
  }

  #fly(): void {
    const state = this.#machine.state;
    if (state.status !== "refreshing") return;
    this.#flight = new Flight(this, state, (event) => {
      this.#flight = undefined;
      this.#machine.send(event);
    });
    this.#flight.start();
  }

  /** Answers those who wait for a token, once the machine says what they get. */
  #settle(event?: SessionEvent, isFresh = false): void {
    const state = this.#machine.state;
    if (state.status === "signedIn") {
      if (!usableGrant(state, this.platform.now())) return;
      const isServed = ({ force }: Waiter) => isFresh || !force;
      const served = this.#waiters.filter(isServed);
      this.#waiters = this.#waiters.filter((waiter) => !isServed(waiter));
      for (const { resolve } of served) resolve(state.grant.accessToken);
    } else if (state.status === "signedOut" || event?.type === "failed") {
      const failure = state.status === "waiting" || state.status === "signedOut" ? state.error : undefined;
      this.#rejectWaiters(failure ?? new AuthSocketError("signed_out", "nobody is signed in"));
    }
  }

  #rejectWaiters(error: AuthSocketError): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const { reject } of waiters) reject(error);
  }

  /** B4: timers and wake-up events only while somebody needs the token. */
  watch(): void {
    const state = this.#machine.state;
    const wanted = this.#isWanted();
    this.#alarm.set(wanted ? checkDueAt(state) : undefined);
    if (!wanted) {
      this.#sleep?.();
      this.#sleep = undefined;
    } else {
      this.#sleep ??= this.platform.onWakeUp((online) => this.#check(false, online));
    }
  }

  #isWanted(): boolean {
    return this.#waiters.length > 0 || this.#clients.some(({ isInDemand }) => isInDemand);
  }

  publish(): void {
    this.published.publish(toSessionState(this.#machine.state, this.#store.warning));
  }

  /** What stands for a token where there is none but a cookie. */
  renewal(): string {
    this.#renewals++;
    return `renewal ${this.#renewals}`;
  }

  received(tokens: TokenSet): Grant {
    return this.#grant(tokens, "refreshed");
  }

  #grant(tokens: TokenSet, origin: Origin): Grant {
    return toGrant(tokens, this.#context(origin));
  }

  #context(origin: Origin): GrantContext {
    const { leeway, jitter = 0.1, subject = defaultSubject } = this.#options;
    const { now, random } = this.platform;
    return { leeway, jitter, subject, origin, now: now(), random: random() };
  }
}

function toRequest(refresh: string | URL | RefreshRequest): RefreshRequest {
  return typeof refresh === "string" || refresh instanceof URL ? { url: refresh } : { ...refresh };
}

function toTokenSet({ accessToken, refreshToken, subject, expiresAt }: Grant): TokenSet {
  return defined({ accessToken, refreshToken, subject, expiresAt });
}
