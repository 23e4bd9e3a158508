import type { Namespace, Server } from "socket.io";
import type { AuthenticatedSocket } from "./connection/authenticated-socket.ts";
import { ServerGuards } from "./guard/server-guards.ts";
import { type AuthenticateOptions, checkOptions, type Rules } from "./options.ts";
import type { UserSockets } from "./user-sockets.ts";

/** A Socket.IO Server, or a Namespace, which may be a dynamic one. */
export interface SocketSource<Socket> {
  use(middleware: (socket: Socket, next: (error?: Error) => void) => void): unknown;
}

/**
 * Admits only clients with a valid token, accepts renewals on the open connection, and disconnects when the token expires.
 *
 * With a Server, it guards all namespaces except those in `except`, including dynamic ones and those that are made later. If a
 * namespace is given to `authenticate()` itself, before or after, it has its own rules and its own users: `disconnectUser` of
 * the Server does not reach them.
 *
 * @example
 * const auth = authenticate(io, { verify: async (token) => identityOf(await jwtVerify(token, key)) });
 *
 * @throws TypeError that names an invalid option, or says that the target is guarded already
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
      // Thrown at once: a rejection that is not awaited would go unnoticed, and the user would stay.
      checkText("subject", subject);
      checkText("reason", reason);
      const confirmed = guard.disconnectUser(subject, reason);
      // `onEvent` reports it too. So the app need not await it, and an unhandled rejection does not end the process (V3).
      confirmed.catch(() => {});
      return confirmed;
    },
    devices(subject) {
      checkText("subject", subject);
      return guard.devices(subject);
    },
  };
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== "string") throw new TypeError(`"${name}" must be a string`);
}

function isServer(target: unknown): target is Server {
  return Object(Object(target).sockets).sockets instanceof Map;
}

function isNamespace(target: unknown): target is Namespace {
  return Object(target).sockets instanceof Map;
}

function namespaceOf(target: unknown): Namespace {
  if (!isNamespace(target))
    throw new TypeError("authenticate() takes a Socket.IO Server or Namespace as its first argument");
  return target;
}

function serverOf(target: unknown): Server {
  return isServer(target) ? target : namespaceOf(target).server;
}
