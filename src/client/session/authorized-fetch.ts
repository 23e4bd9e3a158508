import { AuthSocketError, isAuthSocketError } from "../errors.ts";
import { check } from "../option-check.ts";
import { refuseInsecure } from "../token/secrecy.ts";
import type { Session } from "./session.ts";

/**
 * `fetch` with the session's token. It goes to this page's origin and the option `origins` only. A 401 refreshes the token
 * and repeats the request once, never as another user's (2.2).
 */
export async function authorizedFetch(
  session: Session,
  input: RequestInfo | URL,
  init: RequestInit = {},
): Promise<Response> {
  const { isCookie } = session;
  if (hasAuthorization(input, init)) return session.fetch(input, init);
  if ((init.mode ?? Object(input).mode) === "no-cors") {
    throw new TypeError(`"mode" must not be "no-cors": the browser would not send the token`);
  }
  refuseOrigin(session, input);
  const { id } = session.user;
  const refuseOthers = () => {
    if (id > 0 && session.user.id !== id) {
      throw new AuthSocketError("user_changed", "another user has signed in since this request was made");
    }
  };
  const token = await session.getToken({ signal: init.signal ?? undefined });
  refuseOthers();
  const userId = session.user.id;
  const isRepeatable = !isStream(init.body);
  // A Request's body can be read once: what may be repeated is sent as a copy.
  const copy = () => (isRepeatable && typeof input === "object" && "clone" in input ? input.clone() : input);
  const send = (credential: string) => sendWith(session, copy(), init, isCookie ? undefined : credential);

  const response = await send(token);
  if (response.status !== 401) {
    session.served(session.http);
    return response;
  }
  if (!isRepeatable) return response;
  const fresh = await session
    .getToken({ rejected: token, signal: init.signal ?? undefined })
    .catch((error: unknown) => {
      if (isAuthSocketError(error) && error.code !== "user_changed") return token;
      throw error;
    });
  if (userId > 0 && session.user.id !== userId) {
    throw new AuthSocketError(
      "user_changed",
      "another user has signed in: the request is not repeated as theirs",
    );
  }
  if (fresh === token) return response;
  void response.body?.cancel().catch(() => {});
  const repeated = await send(fresh);
  if (repeated.status !== 401) session.served(session.http);
  return repeated;
}

async function sendWith(
  session: Session,
  input: RequestInfo | URL,
  init: RequestInit,
  token: string | undefined,
): Promise<Response> {
  if (token === undefined)
    return session.fetch(input, { ...init, credentials: init.credentials ?? "include" });
  const given = init.headers ?? (typeof input === "object" && "headers" in input ? input.headers : undefined);
  const headers = new Headers(given);
  headers.set("Authorization", `Bearer ${token}`);
  // Older browsers carry the header to another origin.
  const redirect = init.redirect ?? "error";
  try {
    return await session.fetch(input, { ...init, headers, redirect });
  } catch (cause) {
    if (init.redirect !== undefined || init.signal?.aborted || !(cause instanceof TypeError)) throw cause;
    const error = new TypeError(
      `the request failed, or was redirected: session.fetch() follows no redirect unless you set "redirect"`,
    );
    throw Object.assign(error, { cause });
  }
}

function hasAuthorization(input: RequestInfo | URL, { headers }: RequestInit): boolean {
  const given = headers ?? (typeof input === "object" && "headers" in input ? input.headers : undefined);
  return new Headers(given).has("Authorization");
}

function refuseOrigin({ platform, options, isCookie }: Session, input: RequestInfo | URL): void {
  const text = typeof input === "object" && "url" in input ? input.url : String(input);
  const page = platform.location();
  check(
    page !== undefined || /^\w+:/.test(text),
    "input",
    `an absolute URL where there is no page: "${text}" is relative`,
  );
  const url = new URL(text, page?.href);
  const { origins = [], allowInsecure } = options;
  const allowed = [page?.origin, ...origins.map((origin) => new URL(origin).origin)];
  // An opaque origin reads "null", and equals nothing.
  if (url.origin === "null" || !allowed.includes(url.origin)) {
    throw new TypeError(
      `session.fetch() sends the token to this page's origin only: add "${url.origin}" to the option "origins"`,
    );
  }
  if (!allowInsecure && !isCookie) refuseInsecure("fetch", url.href);
}

function isStream(body: unknown): boolean {
  return typeof Object(body).getReader === "function";
}
