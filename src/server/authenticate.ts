import type { DefaultEventsMap, Namespace } from "socket.io";
import { AuthError } from "./auth-error.ts";
import { Handshakes } from "./handshakes.ts";
import type { AuthData } from "./identity.ts";
import { type AuthenticatedSocket, LiveSocket } from "./live-socket.ts";
import { type AuthenticateOptions, checkOptions, namespaceOf } from "./options.ts";
import { guardRecovery } from "./recovery.ts";
import { instant, Revocations, type UserRevocation } from "./revocations.ts";
import { userRoom } from "./user-room.ts";
import type { Device, UserSockets } from "./user-sockets.ts";
import { Verification } from "./verification.ts";

/** A Socket.IO Server, which stands for its main namespace, or a Namespace, which may be a dynamic one. */
export interface SocketSource<Socket> {
  use(middleware: (socket: Socket, next: (error?: Error) => void) => void): unknown;
}

type AuthenticatedNamespace = Namespace<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  Partial<AuthData>
>;

/** Between nodes: whose connections every node is to end. */
const REVOKE_EVENT = "authsocket:revoke";

const DEFAULT_NOTICE = 10_000;

const authenticated = new WeakSet<Namespace>();

/** How many dynamic namespaces of a server are authenticated. */
const dynamicOnes = new WeakMap<object, number>();

/**
 * Lets nobody into a namespace without a valid token, takes renewals on the live connection, and cuts it when its token
 * expires. Call it once for each namespace, before clients connect and before other middlewares that need `socket.data.auth`.
 *
 * @example
 * const auth = authenticate(io, { verify: async (token) => identityOf(await jwtVerify(token, key)) });
 *
 * @throws TypeError that names an invalid option, or when the namespace is authenticated already
 */
export function authenticate<Claims, Socket>(
  target: SocketSource<Socket>,
  options: AuthenticateOptions<Claims, Socket>,
): UserSockets {
  checkOptions(Object(options));
  const namespace = namespaceOf(target) as AuthenticatedNamespace;
  if (authenticated.has(namespace)) throw new TypeError('"namespace" is authenticated already');
  authenticated.add(namespace);

  // The caller's types end here: inside, claims are anything and a socket is a socket.
  const verification = new Verification(options as AuthenticateOptions<unknown, unknown>);
  const { notice = DEFAULT_NOTICE } = options;
  const { server } = namespace;
  const handshakes = new Handshakes(verification);
  const live = new Map<AuthenticatedSocket, LiveSocket>();
  const { maxDisconnectionDuration = 0 } = server._opts.connectionStateRecovery ?? {};
  // Besides sessions that could come back, it concerns handshakes that are under way.
  const revocations = new Revocations(maxDisconnectionDuration + server.connectTimeout());

  async function admit(socket: AuthenticatedSocket): Promise<AuthError | undefined> {
    const verdict = await handshakes.verify(socket.handshake.auth);
    if (verdict instanceof AuthError) return verdict;
    const objection = await verification.objection(verdict.identity, socket);
    if (!objection) socket.data.auth = verdict.identity;
    return objection;
  }

  function welcome(socket: AuthenticatedSocket): void {
    const admission = handshakes.admission(socket.handshake.auth);
    if (!admission) {
      socket.disconnect();
      return;
    }
    const { identity, since } = admission;
    const entered = new LiveSocket(socket, admission, verification, notice);
    live.set(socket, entered);
    socket.once("disconnect", () => live.delete(socket));
    const revocation = revocations.after(identity.subject, since);
    // Not at once: whoever hears of this connection is to hear of its end.
    if (revocation) queueMicrotask(() => entered.revoke(revocation.reason));
    else if (socket.recovered) entered.hold(verification.objection(identity, socket));
  }

  function revoke(revocation: UserRevocation): void {
    const { subject, reason, at } = revocation;
    revocations.remember(revocation);
    for (const socket of live.values()) {
      if (socket.subject === subject && socket.since <= at) socket.revoke(reason);
    }
  }

  function guard(concrete: AuthenticatedNamespace): void {
    guardRecovery(concrete as Namespace, {
      handshakes,
      revocations,
      live: (id) => {
        const socket = concrete.sockets.get(id);
        return socket && live.get(socket);
      },
    });
  }

  namespace.use((socket, next) => {
    // Verified before it was recovered; and broadcasts are lost while a middleware works (T9).
    if (socket.recovered) next();
    else void admit(socket).then(next);
  });
  // Before every other listener, so that the hello is the first new event.
  namespace.prependListener("connect", welcome);

  const children = childrenOf(namespace);
  let { name } = namespace;
  if (children) {
    // Socket.IO numbers dynamic namespaces by process; between nodes they go by the order of these calls.
    const number = dynamicOnes.get(server) ?? 0;
    dynamicOnes.set(server, number + 1);
    name = `dynamic ${number}`;
    server.on("new_namespace", (child) => {
      if (children.has(child)) guard(child);
    });
  } else {
    guard(namespace);
  }

  // On the main namespace, since a dynamic one need not exist on every node.
  const nodes = server.sockets;
  nodes.on(REVOKE_EVENT, (where: string, revocation: UserRevocation) => {
    if (where === name) revoke(revocation);
  });

  return {
    async disconnectUser(subject, reason) {
      const revocation = { subject, reason, at: instant() };
      revoke(revocation);
      // Asked first, since an adapter without other nodes complains about the attempt.
      const alone = await nodes.adapter.serverCount().then(
        (count) => count === 1,
        () => false,
      );
      if (!alone) nodes.serverSideEmit(REVOKE_EVENT, name, revocation);
    },

    async devices(subject) {
      const found = await Promise.all([...(children ?? [namespace])].map((each) => devicesIn(each, subject)));
      return found.flat();
    },
  };
}

/** The concrete namespaces of a dynamic one, which itself holds no socket. */
function childrenOf(namespace: object): ReadonlySet<AuthenticatedNamespace> | undefined {
  const { children } = namespace as { children?: unknown };
  return children instanceof Set ? children : undefined;
}

async function devicesIn(namespace: AuthenticatedNamespace, subject: string): Promise<Device[]> {
  const sockets = await namespace.in(userRoom(subject)).fetchSockets();
  return sockets.flatMap(({ id, handshake, data: { auth } }) => {
    // The app may have let others into the room, to hear what the user hears.
    if (auth?.subject !== subject) return [];
    return {
      id,
      namespace: namespace.name,
      address: handshake.address,
      userAgent: handshake.headers["user-agent"],
      connectedAt: handshake.issued,
      expiresAt: auth.expiresAt,
    };
  });
}
