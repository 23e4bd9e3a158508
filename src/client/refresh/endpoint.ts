import { AuthSocketError } from "../errors.ts";
import { baseOf, originOf, type Platform } from "../platform/platform.ts";
import { isInSeconds, type KnownTokens, readTokenResponse, readTokenSet } from "../token/token-set.ts";
import { answerError, certaintyOf, isElsewhere, readRetryAfter, saysSignInAgain } from "./outcome.ts";
import type { RefreshContext, RefreshRequest } from "./refresh.ts";

/** What an endpoint needs of its session. */
export interface EndpointOwner {
  readonly platform: Platform;
  /** the option `fetch`, else the page's */
  fetch(...request: Parameters<typeof fetch>): Promise<Response>;
  /** whether the server knows the user by a cookie of its own */
  readonly isCookie: boolean;
  /** Says something to the developer, once. */
  warn(message: string): void;
}

/**
 * Asks a refresh endpoint: with cookies, JSON both ways (docs/refresh-endpoint.md). The tokens go to this URL only, and a
 * redirect is an error (S4). In cookie mode a 2xx is all that is needed: the access token stands for the cookie.
 *
 * @param headers the app's own, which go with it
 */
export async function askEndpoint(
  request: RefreshRequest,
  headers: Headers,
  { refreshToken, signal }: RefreshContext,
  owner: EndpointOwner,
): Promise<KnownTokens> {
  const { url, method = "POST" } = request;
  const { platform } = owner;
  if (method === "GET" && refreshToken !== undefined) {
    const message = `"refresh.method" is "GET", which cannot send the refresh token of the store: use "POST"`;
    throw new AuthSocketError("refresh_failed", message, { cause: new TypeError(message) });
  }
  const isOwn = isThisOrigin(url, platform.location());
  const init: RequestInit = {
    method,
    headers,
    credentials: "include",
    redirect: "error",
    cache: "no-store",
    // If the user leaves the page meanwhile, the answer's cookie must still arrive: it replaces a one-time refresh token.
    keepalive: true,
    signal,
  };
  // S4: a cross-site form cannot send it. Elsewhere it would cost a preflight, and so would a body that says nothing.
  if (isOwn) headers.set("X-Requested-With", "authsocket");
  if (method === "POST" && (isOwn || refreshToken)) {
    headers.set("Content-Type", "application/json");
    init.body = JSON.stringify({ refreshToken });
  }
  const name = `${method} ${url}`;
  // In an async function, so that a fetch which throws at once is read like one that rejects.
  const response = await (async () => owner.fetch(url, init))().catch((cause) => {
    if (cause instanceof ReferenceError)
      owner.warn(`there is no "fetch" here: give one as the option "fetch"`);
    throw new AuthSocketError(
      "refresh_failed",
      `${name} failed: the server cannot be reached, it redirects, or CORS does not allow the request`,
      { cause },
    );
  });
  if (!response.ok) throw await readRefusal(response, name, owner);
  return readTokens(response, name, request, owner);
}

/** Those that the app has set. @throws what its function throws */
export function headersOf({ headers }: RefreshRequest): Headers {
  return new Headers(typeof headers === "function" ? headers() : headers);
}

async function readRefusal(response: Response, name: string, owner: EndpointOwner): Promise<AuthSocketError> {
  const { status, headers } = response;
  const retryAfter = readRetryAfter(headers, owner.platform.now());
  if (status === 404 || status === 405) {
    owner.warn(
      `"refresh": ${name} answered ${status}. Is this the URL and the method of the refresh endpoint?`,
    );
  }
  const body = Object(await readJson(response));
  const certainty = saysSignInAgain(body) ? "repeatable" : certaintyOf(status, isElsewhere(headers));
  return answerError(`${name} answered ${status}`, certainty, retryAfter);
}

async function readTokens(
  response: Response,
  name: string,
  { read }: RefreshRequest,
  { platform, isCookie }: EndpointOwner,
): Promise<KnownTokens> {
  const body = await readJson(response);
  const now = platform.now();
  const tokens = isCookie
    ? readTokenResponse({ ...Object(body), token: "cookie" }, now)
    : (readPicked(read, body, now) ?? readTokenResponse(body, now));
  if (tokens) return tokens;
  const { status } = response;
  if (saysSignInAgain(Object(body))) throw answerError(`${name} answered ${status}`, "repeatable", 0);
  throw new AuthSocketError(
    "invalid_response",
    `${name} answered ${status}, but without a "token", "accessToken" or "access_token" in JSON`,
  );
}

function readPicked(read: RefreshRequest["read"], body: unknown, now: number): KnownTokens | undefined {
  try {
    const picked = read?.(body);
    if (isInSeconds(Object(picked).expiresAt)) return undefined;
    // It may pick the text of the token, a TokenSet, or an answer like those that are read by default.
    const isSet = Object(picked).expiresAt !== undefined || typeof picked === "string";
    return (isSet && readTokenSet(picked)) || readTokenResponse(picked, now);
  } catch {
    return undefined; // where it throws, the default reading is tried
  }
}

async function readJson(response: Response): Promise<unknown> {
  return response.json().catch(() => undefined);
}

/** Outside a page there is no other origin, and no preflight. */
function isThisOrigin(url: string | URL, page: Location | undefined): boolean {
  return !page || new URL(url, baseOf(page)).origin === originOf(page);
}
