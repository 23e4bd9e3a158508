import type { Namespace } from "socket.io";
import type { Identity } from "./identity.ts";

/** How the connections of a namespace are authenticated. Only `verify` has no default. */
export interface AuthenticateOptions<Claims, Socket> {
  /**
   * Checks a token, at the handshake and at each renewal. An `AuthError` that it throws is passed on; anything else that
   * it throws, and no answer, is `token_invalid`. One that takes longer than ten seconds is `unavailable`.
   */
  verify: (token: string) => Identity<Claims> | Promise<Identity<Claims>>;
  /**
   * Whether that user may be in this namespace; asked at the handshake, at each renewal and after a recovery. False is
   * `insufficient_scope`, a throw is `unavailable`. Default: everybody with a valid token.
   */
  authorize?: (identity: Identity<Claims>, socket: Socket) => boolean | Promise<boolean>;
  /** ms before expiry at which `auth:expiring` is sent; half of the lifetime where that is shorter. Default: 10 000. */
  notice?: number;
}

/** @throws TypeError that names the option */
export function checkOptions({ verify, authorize, notice }: Partial<Record<string, unknown>>): void {
  check(typeof verify === "function", '"verify" must be a function');
  check(authorize === undefined || typeof authorize === "function", '"authorize" must be a function');
  check(
    notice === undefined || (Number.isFinite(notice) && Number(notice) >= 0),
    '"notice" must be a non-negative number of milliseconds',
  );
}

/**
 * The namespace that is meant: a Server stands for its main one.
 *
 * @throws TypeError unless it is either of them
 */
export function namespaceOf(target: unknown): Namespace {
  const { sockets } = Object(target);
  const namespace = sockets instanceof Map ? target : sockets;
  check(Object(namespace).sockets instanceof Map, '"namespace" must be a Socket.IO Namespace or Server');
  return namespace as Namespace;
}

function check(valid: boolean, message: string): void {
  if (!valid) throw new TypeError(message);
}
