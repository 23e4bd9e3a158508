import { INSUFFICIENT_SCOPE, TOKEN_CODES, UNAVAILABLE } from "../../protocol.ts";
import type { Replacement } from "../session/refreshes.ts";

/** What `connect_error` brings: the server's message, and `data` where it sends any. */
export type ConnectError = Error & { data?: unknown };

/** The codes of a refused token, with RFC 6750's. A fresh token can fix them. */
const CURABLE: readonly string[] = [...TOKEN_CODES, "invalid_token"];

/** What a refusal is about: the token, the user's rights, a server that cannot tell now, or nobody knows. */
export type Refusal = "token" | "scope" | "unavailable" | "unknown";

/**
 * Reads a refusal by its code or its status (section 2 of PROTOCOL.md), as number or text. Its words decide nothing (B15):
 * the same words serve for tokens and for roles.
 */
export function readRefusal({ data }: ConnectError): Refusal {
  const { code, status, statusCode } = Object(data);
  const words = [code, status, statusCode].map(word);
  if (words.some((said) => said === INSUFFICIENT_SCOPE || said === "403")) return "scope";
  if (words.some((said) => said === UNAVAILABLE || said === "503")) return "unavailable";
  return words.some((said) => CURABLE.includes(said) || said === "401") ? "token" : "unknown";
}

/** In any case, with `-` or `_`. */
function word(value: unknown): string {
  return typeof value === "string" || typeof value === "number"
    ? String(value).trim().toLowerCase().replaceAll("-", "_")
    : "";
}

/**
 * The default of the option `isTokenRefused`: returns true if refreshing the token could fix the refusal. That is so for the
 * protocol's token codes, for RFC 6750's `invalid_token`, and for a 401 in `data.status`, `data.statusCode` or `data.code`.
 *
 * @example
 * new AuthSocket(url, { refresh, isTokenRefused: (error) => error.message === "E_TOKEN" || isTokenRefused(error) });
 */
export function isTokenRefused(error: ConnectError): boolean {
  return readRefusal(error) === "token";
}

/** The ms that an `unavailable` server asks to wait; 0 where it names none. */
function unavailableFor({ data }: ConnectError): number {
  const { retryAfter } = Object(data);
  return Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : 0;
}

/**
 * So many refusals in a row are answered at once: other tabs may have replaced the token, and that one may be refused, too.
 */
export const AT_ONCE = 3;

/** What a socket does about a refusal. */
export type Answer =
  /** connect anew when the server may be back: after so many ms, and a backoff */
  | { do: "comeBack"; after: number }
  /** stop until somebody signs in */
  | { do: "stayOut" }
  /** connect anew with the session's token, which is another or on its way */
  | { do: "reconnect" }
  /** connect anew at that instant, and ask for a fresh token then if need be */
  | { do: "wait"; at: number }
  /** connect anew after a backoff, and show the error until then; with a newer token at once, where that would be news */
  | { do: "backOff"; waitsFor: "dueAt" | "dueAtOrToken" }
  /** stop, until there is a newer token */
  | { do: "stop"; code: "token_rejected" | "forbidden" };

/** A CONNECT that was refused. */
export interface RefusedConnect {
  /** whether the server has said, by a code, that it is the token */
  isByCode: boolean;
  /** Asks the session for another token (B27); undefined for a guest, who has sent none. */
  replace: (() => Replacement) | undefined;
  /** whether a sibling is connected with that very token */
  servesSibling: boolean;
  /** how many refusals before it, in a row, were answered at once */
  atOnce: number;
}

/**
 * What a refusal does (B7, B8, B15, B21, B27). Whoever is refused asks the session for a replacement first, which costs one
 * refresh at most; the session goes on whatever comes of it.
 *
 *     .......................................................... by code       without a code
 *     the server is unavailable ................................ as a token    come back
 *     a guest .................................................. -             stay out
 *     the user's rights ........................................ as a token    stop
 *     another token is there, or a refresh was allowed ......... reconnect     reconnect
 *     the same, again and again ................................ back off      stop
 *     a refresh is allowed, though later ....................... wait          wait
 *     the fresh token was refused too, and serves a sibling .... stop          stop
 *     the fresh token was refused too .......................... back off      stop
 */
export function answerRefusal(
  error: ConnectError,
  { isByCode, replace, servesSibling, atOnce }: RefusedConnect,
): Answer {
  const said = isByCode ? "token" : readRefusal(error);
  if (said === "unavailable") return { do: "comeBack", after: unavailableFor(error) };
  if (!replace) return { do: "stayOut" };
  if (said === "scope") return { do: "stop", code: "forbidden" };
  const replacement = replace();
  switch (replacement.status) {
    case "look":
    case "refreshing":
      // T13: a store may bring another token each time.
      if (atOnce < AT_ONCE) return { do: "reconnect" };
      break;
    case "later":
      return { do: "wait", at: replacement.at };
    case "spent":
      break;
    default:
      replacement satisfies never;
  }
  if (!isByCode) return { do: "stop", code: "forbidden" };
  if (servesSibling) return { do: "stop", code: "token_rejected" };
  return { do: "backOff", waitsFor: replacement.status === "spent" ? "dueAtOrToken" : "dueAt" };
}
