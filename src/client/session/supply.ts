import { defined } from "../defined.ts";
import { check } from "../option-check.ts";
import { andThen } from "../platform/deadline.ts";
import { baseOf } from "../platform/platform.ts";
import { askEndpoint, type EndpointOwner, headersOf } from "../refresh/endpoint.ts";
import { readAnswer } from "../refresh/outcome.ts";
import type { Refresh, RefreshReason, RefreshRequest } from "../refresh/refresh.ts";
import type { AccessToken } from "../token/access-token.ts";
import { refuseInsecure, refuseTokenInUrl } from "../token/secrecy.ts";
import type { TokenSet } from "../token/token-set.ts";
import type { AuthSessionOptions } from "./options.ts";

/** B5: ms after which an answer's token is measured from its request: the page may have been frozen before its receipt. */
const SLOW = 5_000;

/** ms before its end at which a source is made to refresh a token, at most: a tenth of its lifetime where that is less. */
const SOURCE_END = 2_000;

/** What a refresh asks. */
export interface Question {
  /** the token to replace, good or not */
  readonly token: AccessToken | undefined;
  readonly reason: RefreshReason;
  /** whether a source is asked for what it holds, and not to refresh it */
  readonly isLook: boolean;
}

/** Where a session's fresh tokens come from: an endpoint, a function of the app's, or a source. */
export class Supply {
  readonly endpoint: RefreshRequest | undefined;
  /** The endpoint's. */
  readonly url: string | undefined;
  readonly isSource: boolean;
  /** When it was asked last, in ms since the epoch. */
  askedAt = 0;
  readonly #options: AuthSessionOptions;
  readonly #owner: EndpointOwner;
  /** The app's own headers of the last request. */
  sentHeaders: string | undefined;

  /** @throws AuthSocketError `insecure_url`, `token_in_url` */
  constructor(options: AuthSessionOptions, owner: EndpointOwner) {
    const { refresh, source, allowInsecure } = options;
    this.#options = options;
    this.#owner = owner;
    this.isSource = source !== undefined;
    if (refresh === undefined || typeof refresh === "function") return;
    this.endpoint = typeof refresh === "string" || refresh instanceof URL ? { url: refresh } : { ...refresh };
    this.url = String(this.endpoint.url);
    refuseTokenInUrl("refresh", this.url);
    if (!allowInsecure) refuseInsecure("refresh", this.url);
  }

  /** Whether only a page can tell where the endpoint is. */
  get needsPage(): boolean {
    return this.url !== undefined && !/^\w+:\/\//.test(this.url);
  }

  /** What two sessions have in common that ask the same: the endpoint's URL, the function or the source. */
  get identity(): unknown {
    const { refresh, source } = this.#options;
    return this.url ?? refresh ?? source;
  }

  /** Those of a request that would be sent now. */
  get headers(): string | undefined {
    try {
      return this.endpoint && `${[...headersOf(this.endpoint)]}`;
    } catch {
      return undefined; // B9: the app's function has thrown
    }
  }

  /** B5: when an answer was received. A page that was frozen meanwhile has it long after the token's life began (T23). */
  get receivedAt(): number {
    const now = this.#owner.platform.now();
    return now - this.askedAt > SLOW ? this.askedAt : now;
  }

  /**
   * Where a token may not be sent from here.
   *
   * @throws AuthSocketError `insecure_url` on a page that is no safe place (S3); TypeError for a relative URL without a page
   */
  admit(): void {
    if (!this.needsPage) return;
    const url = `${this.url}`;
    const page = this.#owner.platform.location();
    check(page !== undefined, "refresh", `an absolute URL outside a browser: "${url}" is relative`);
    if (!this.#options.allowInsecure) refuseInsecure("refresh", new URL(url, baseOf(page)).href);
  }

  /** Asks for a token. A source that is only looked at may answer the one that it holds. */
  ask({ token, reason, isLook }: Question, signal: AbortSignal): unknown {
    this.admit();
    const { refresh, source } = this.#options;
    this.askedAt = this.#owner.platform.now();
    if (source) {
      const rejected = reason === "rejected" ? token?.accessToken : undefined;
      // Whoever has no token asks for none to be refreshed, and near its end a look is not enough.
      const put = reason === "expiring" && !isLook ? "expired" : reason;
      return source.get({ reason: put, signal, ...defined({ rejected }) });
    }
    const current = this.#owner.isCookie || token?.assumed ? undefined : token;
    const context = {
      reason,
      signal,
      ...defined({ token: current?.accessToken, refreshToken: current?.refreshToken }),
    };
    if (!this.endpoint) return (refresh as Refresh)(context);
    const headers = headersOf(this.endpoint);
    this.sentHeaders = `${[...headers]}`;
    return askEndpoint(this.endpoint, headers, context, this.#owner);
  }

  /**
   * Whether it is enough to ask a source for what it holds, which needs no turn. One that goes on answering the token which
   * it holds is made to refresh it shortly before the end, so that an open connection gets the new one before the server cuts
   * it (B13).
   */
  isLook(token: AccessToken | undefined, reason: RefreshReason): boolean {
    if (!this.isSource || reason !== "expiring") return this.isSource && reason === "missing";
    const { expiresAt = Number.POSITIVE_INFINITY, lifetime = 0 } = token ?? {};
    return expiresAt - this.#owner.platform.now() > Math.min(SOURCE_END, lifetime / 10);
  }

  /** What a source holds in the place of that token: another tab may have had it refreshed meanwhile. */
  async held(question: Question, signal: AbortSignal): Promise<TokenSet | undefined> {
    const look = { ...question, reason: "expiring", isLook: true } as const;
    const outcome = await andThen(this.ask(look, signal), readAnswer);
    const isOther = outcome.type === "granted" && outcome.tokens.accessToken !== question.token?.accessToken;
    return isOther ? outcome.tokens : undefined;
  }
}
