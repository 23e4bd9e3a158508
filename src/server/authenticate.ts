import type { Namespace, Server } from "socket.io";
import type { AuthenticatedSocket } from "./connection/live-socket.ts";
import { ServerGuards } from "./guard/server-guards.ts";
import { type AuthenticateOptions, checkOptions, type Rules } from "./options.ts";
import type { UserSockets } from "./user-sockets.ts";

/** A Socket.IO Server, or a Namespace, which may be a dynamic one. */
export interface SocketSource<Socket> {
  use(middleware: (socket: Socket, next: (error?: Error) => void) => void): unknown;
}

/**
 * Lets nobody in without a valid token, takes renewals on the live connection, and cuts it when its token expires.
 *
 * A Server is guarded whole: all its namespaces, those that are made later and dynamic ones included, except those of
 * `except`. A namespace that is given to `authenticate()` itself, before or after, goes by its own rules, and its users are
 * its own: `disconnectUser` of the Server does not reach it.
 *
 * @example
 * const auth = authenticate(io, { verify: async (token) => identityOf(await jwtVerify(token, key)) });
 *
 * @throws TypeError that names an invalid option, or says that the target is authenticated already
 */
export function authenticate<Claims, Socket>(
  target: SocketSource<Socket>,
  options: AuthenticateOptions<Claims, Socket>,
): UserSockets {
  const server = serverOf(target);
  checkOptions(Object(options), isServer(target));
  const guards = ServerGuards.of(server);
  // The caller's types end here.
  const rules = { ...options } as unknown as Rules<AuthenticatedSocket>;
  const guard = isServer(target)
    ? guards.guardServer(rules)
    : guards.guardNamespace(namespaceOf(target), rules);
  return {
    disconnectUser(subject, reason) {
      const confirmed = guard.disconnectUser(subject, reason);
      // Told by `onEvent` besides: nobody need wait for it, and a rejection that nobody awaits ends no process (V3).
      confirmed.catch(() => {});
      return confirmed;
    },
    devices: (subject) => guard.devices(subject),
  };
}

function isServer(target: unknown): target is Server {
  return Object(Object(target).sockets).sockets instanceof Map;
}

function isNamespace(target: unknown): target is Namespace {
  return Object(target).sockets instanceof Map;
}

function namespaceOf(target: unknown): Namespace {
  if (!isNamespace(target)) throw new TypeError('"namespace" must be a Socket.IO Server or Namespace');
  return target;
}

function serverOf(target: unknown): Server {
  return isServer(target) ? target : namespaceOf(target).server;
}
