import type { Identity } from "./identity.ts";
import type { OnEvent } from "./reporter.ts";

/** How connections are authenticated. Only `verify` has no default. */
export interface AuthenticateOptions<Claims, Socket> {
  /**
   * Checks a token, at the handshake and at each renewal. It refuses a token by throwing an `AuthError`, by answering null
   * or undefined, or by what jose, jsonwebtoken, fast-jwt, firebase-admin and aws-jwt-verify throw about a token. Anything
   * else that it throws is a fault: the client is refused as `unavailable` and comes back within seconds. So is one that
   * takes longer than ten seconds.
   */
  verify: (
    token: string,
  ) => Identity<Claims> | null | undefined | Promise<Identity<Claims> | null | undefined>;
  /**
   * Whether that user may be in this namespace; asked at the handshake, at each renewal and after a recovery. False is
   * `insufficient_scope`, a throw is `unavailable`. Default: everybody with a valid token.
   */
  authorize?: ((identity: Identity<Claims>, socket: Socket) => boolean | Promise<boolean>) | undefined;
  /**
   * Namespaces of a Server that need no tokens: names, and patterns that are tested against names. Default: none. A
   * namespace that has been given to `authenticate()` itself keeps its own rules.
   */
  except?: readonly (string | RegExp)[] | undefined;
  /** Admits clients without a token as guests, who have no `socket.data.auth`. A bad token is refused. Default: false. */
  guests?: boolean | undefined;
  /**
   * ms before expiry at which `auth:expiring` is sent; half of the lifetime where that is shorter. Default: 10 000, or a
   * tenth of the lifetime where that is less, so that clients have renewed by themselves before.
   */
  notice?: number | undefined;
  /** Hears what happens to connections, and of faults. No event holds a token. What it throws is a warning at most. */
  onEvent?: OnEvent | undefined;
}

/** Options as the inside sees them: claims are anything and a socket is a socket. */
export type Rules<Socket> = AuthenticateOptions<unknown, Socket>;

const NAMES = ["verify", "authorize", "except", "guests", "notice", "onEvent"];

/** @throws TypeError that names the option */
export function checkOptions(options: Partial<Record<string, unknown>>, isServer: boolean): void {
  const { verify, authorize, except, guests, notice, onEvent } = options;
  check(typeof verify === "function", '"verify" must be a function');
  check(authorize === undefined || typeof authorize === "function", '"authorize" must be a function');
  check(
    except === undefined || (Array.isArray(except) && except.every(isPattern)),
    '"except" must be an array of namespaces: names, or regular expressions without the flags g and y',
  );
  check(
    except === undefined || isServer,
    '"except" must be given with a Server: a namespace is guarded by itself',
  );
  check(guests === undefined || typeof guests === "boolean", '"guests" must be a boolean');
  check(
    notice === undefined || (Number.isFinite(notice) && Number(notice) >= 0),
    '"notice" must be a non-negative number of milliseconds',
  );
  check(onEvent === undefined || typeof onEvent === "function", '"onEvent" must be a function');
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  check(unknown === undefined, `"${unknown}" is no option of authenticate(): it takes ${NAMES.join(", ")}`);
}

function isPattern(value: unknown): boolean {
  // As in Socket.IO: a stateful pattern would match every other time.
  if (value instanceof RegExp) return !value.global && !value.sticky;
  return typeof value === "string" && value !== "";
}

/** Whether a namespace of that name is one of them. A name may lack its slash, as in `io.of()`. */
export function isExcepted(name: string, patterns: readonly (string | RegExp)[]): boolean {
  return patterns.some((pattern) =>
    typeof pattern === "string" ? pattern === name || `/${pattern}` === name : pattern.test(name),
  );
}

function check(valid: boolean, message: string): void {
  if (!valid) throw new TypeError(message);
}
