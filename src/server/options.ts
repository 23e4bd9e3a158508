import type { Identity } from "./identity.ts";
import type { OnEvent } from "./reporter.ts";

/** How connections are authenticated. Only `verify` has no default. */
export interface AuthenticateOptions<Claims, Socket> {
  /**
   * Checks a token, at the handshake and at each renewal. To refuse a token, it throws an `AuthError`, returns null or
   * undefined, or lets jose, jsonwebtoken, fast-jwt, firebase-admin or aws-jwt-verify throw. Any other error is a fault, and so
   * is an answer that takes longer than ten seconds: the client is refused with `unavailable` and tries again within seconds.
   */
  verify: (
    token: string,
  ) => Identity<Claims> | null | undefined | Promise<Identity<Claims> | null | undefined>;
  /**
   * Returns whether this user may be in this namespace. It is called at the handshake, at each renewal and after a recovery.
   * If it returns `false`, the client is refused with `insufficient_scope`. If it throws an `AuthError`, the client is refused
   * with that error's code. If it throws any other error, or takes longer than ten seconds, with `unavailable`. Default:
   * everybody with a valid token.
   */
  authorize?: ((identity: Identity<Claims>, socket: Socket) => boolean | Promise<boolean>) | undefined;
  /**
   * The namespaces of a Server that need no token: names, or regular expressions for names. Default: none. A namespace that is
   * given to `authenticate()` itself keeps its own rules.
   */
  except?: readonly (string | RegExp)[] | undefined;
  /**
   * Also admits clients without a token, as guests without `socket.data.auth`. They may enter all namespaces that this call guards:
   * `authorize` is not asked about them. A bad token is still refused. Default: false.
   */
  guests?: boolean | undefined;
  /**
   * How many ms before expiry `auth:expiring` is sent. If the token's whole lifetime is no longer than that, it is sent halfway.
   * Default: 10 000, or a tenth of the lifetime if that is less, so that clients have normally renewed before.
   */
  notice?: number | undefined;
  /**
   * Gets an event when a client is accepted or refused, when a connection is renewed or ended, and for each fault. No event
   * contains a token. If it throws, that is only a warning.
   */
  onEvent?: OnEvent | undefined;
}

/** The options without the app's types of claims and sockets. */
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
    '"except" can be used with a Server only: authenticate(io, { except, … })',
  );
  check(guests === undefined || typeof guests === "boolean", '"guests" must be a boolean');
  check(
    notice === undefined || (Number.isFinite(notice) && Number(notice) >= 0),
    '"notice" must be a non-negative number of milliseconds',
  );
  check(onEvent === undefined || typeof onEvent === "function", '"onEvent" must be a function');
  const unknown = Object.keys(options).find((name) => !NAMES.includes(name));
  check(
    unknown === undefined,
    `"${unknown}" is not an option of authenticate(). The options are ${NAMES.join(", ")}`,
  );
}

function isPattern(value: unknown): boolean {
  // As in Socket.IO: a stateful pattern would match every other time.
  if (value instanceof RegExp) return !value.global && !value.sticky;
  return typeof value === "string" && value !== "";
}

/** Whether a name matches one of the patterns. The pattern's slash may be missing, as in `io.of()`. */
export function isExcepted(name: string, patterns: readonly (string | RegExp)[]): boolean {
  return patterns.some((pattern) =>
    typeof pattern === "string"
      ? name === (pattern.startsWith("/") ? pattern : `/${pattern}`)
      : pattern.test(name),
  );
}

function check(valid: boolean, message: string): void {
  if (!valid) throw new TypeError(message);
}
