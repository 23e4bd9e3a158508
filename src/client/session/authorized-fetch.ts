import { AuthSocketError, isAuthSocketError } from "../errors.ts";
import { check } from "../option-check.ts";
import { baseOf, originOf } from "../platform/platform.ts";
import { refuseInsecure } from "../token/secrecy.ts";
import type { Session } from "./session.ts";

/**
 * `fetch` with the session's token. It goes to this page's origin and the option `origins` only. A 401 refreshes the token
 * and repeats the request once, never as another user's.
 */
export async function authorizedFetch(
  session: Session,
  input: string | URL | Request,
  init: RequestInit = {},
): Promise<Response> {
  // A URL, or a text, has none of these.
  const request: Partial<Request> = Object(input);
  const given = new Headers(init.headers ?? request.headers);
  if (given.has("Authorization")) return session.fetch(input, init);
  check((init.mode ?? request.mode) !== "no-cors", "mode", `"cors" or "same-origin", to send a token`);
  refuseOrigin(session, request.url ?? String(input));
  const { body } = init;
  const signal = init.signal ?? request.signal;
  // What is read as it is sent is gone by then. Node takes what can be iterated, too.
  const isRepeatable = typeof Object(body).getReader !== "function" && !Object(body)[Symbol.asyncIterator];
  /** @param id of the user whose request it is; 0: nobody's yet */
  const refuseOthers = (id: number) => {
    if (id > 0 && session.user.id !== id) {
      throw new AuthSocketError("user_changed", "another user has signed in");
    }
  };
  const send = async (token: string): Promise<Response> => {
    // A Request's body can be read once: what may be repeated is sent as a copy.
    const copy = isRepeatable && request.clone ? request.clone() : input;
    const response = await sendWith(session, copy, init, given, token);
    // What was sent before the token was replaced says nothing of the present one (B27).
    if (response.status !== 401 && token === session.currentToken)
      session.refreshes.budget.served(session.http, token);
    return response;
  };

  const { id } = session.user;
  const token = await session.getToken({ signal });
  refuseOthers(id);
  const userId = session.user.id;
  const response = await send(token);
  if (response.status !== 401) return response;
  if (!isRepeatable) {
    session.refreshes.replace(session.http, token); // for the next request
    return response;
  }
  const fresh = await session.getToken({ rejected: token, signal }).catch((error: unknown) => {
    const isOthers = session.currentToken !== undefined && Object(error).code === "user_changed";
    if (isAuthSocketError(error) && !isOthers) return token;
    throw error;
  });
  if (fresh === token) return response;
  refuseOthers(userId);
  void response.body?.cancel().catch(() => {});
  const repeated = await send(fresh);
  // B27: what other URLs answer to this token says nothing of this one.
  if (repeated.status === 401) session.refreshes.budget.refusedAgain(session.http, fresh);
  return repeated;
}

async function sendWith(
  session: Session,
  input: string | URL | Request,
  init: RequestInit,
  headers: Headers,
  token: string,
): Promise<Response> {
  if (session.isCookie) return session.fetch(input, { ...init, credentials: init.credentials ?? "include" });
  headers.set("Authorization", `Bearer ${token}`);
  // Older browsers carry the header to another origin. A Request says "follow" where nobody has said anything.
  const { redirect = Object(input).redirect === "manual" ? "manual" : "error" } = init;
  try {
    return await session.fetch(input, { ...init, headers, redirect });
  } catch (cause) {
    if (redirect !== "error" || init.signal?.aborted || !(cause instanceof TypeError)) throw cause;
    throw Object.assign(
      new TypeError(
        `the request failed, or was redirected: session.fetch() follows no redirect unless you set "redirect"`,
      ),
      { cause },
    );
  }
}

function refuseOrigin({ platform, options, isCookie }: Session, text: string): void {
  const page = platform.location();
  check(
    page !== undefined || /^\w+:/.test(text),
    "input",
    `an absolute URL outside a browser: "${text}" is relative`,
  );
  const { origin, href } = new URL(text, baseOf(page));
  const { origins = [], allowInsecure } = options;
  const allowed = [page && originOf(page), ...origins.map((other) => new URL(other).origin)];
  // An opaque origin reads "null", and equals nothing.
  if (origin === "null" || !allowed.includes(origin)) {
    throw new TypeError(
      `session.fetch() sends the token to this page's origin only: add "${origin}" to the option "origins"`,
    );
  }
  if (!allowInsecure && !isCookie) refuseInsecure("fetch", href);
}
