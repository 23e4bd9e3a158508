import type { DefaultEventsMap, Namespace } from "socket.io";
import { AuthError } from "./auth-error.ts";
import { type Admission, Handshakes } from "./handshakes.ts";
import type { AuthData } from "./identity.ts";
import { type AuthenticatedSocket, LiveSocket } from "./live-socket.ts";
import { answeringOnce } from "./middleware.ts";
import { Nodes } from "./nodes.ts";
import { type AuthenticateOptions, checkOptions, namespaceOf } from "./options.ts";
import { guardRecovery } from "./recovery.ts";
import { instant, Revocations } from "./revocations.ts";
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

/** ms that the clocks of two nodes may differ. */
const CLOCK_SKEW = 5_000;

const DEFAULT_NOTICE = 10_000;

const authenticated = new WeakSet<Namespace>();

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
  const children = childrenOf(namespace);
  const concrete = () => children ?? [namespace];
  const admissions = new WeakMap<AuthenticatedSocket, Admission>();
  // Weak, since an app may take every listener off a socket, those that tell of its end included.
  const live = new WeakMap<AuthenticatedSocket, LiveSocket>();
  const { maxDisconnectionDuration = 0 } = server._opts.connectionStateRecovery ?? {};
  // Besides sessions that could come back, it concerns handshakes that are under way.
  const revocations = new Revocations(maxDisconnectionDuration + server.connectTimeout() + CLOCK_SKEW);

  async function admit(socket: AuthenticatedSocket): Promise<AuthError | undefined> {
    const verdict = await handshakes.verify(socket.handshake.auth);
    if (verdict instanceof AuthError) return verdict;
    admissions.set(socket, verdict);
    const objection = await verification.objection(verdict.identity, socket);
    if (!objection) socket.data.auth = verdict.identity;
    return objection;
  }

  function welcome(socket: AuthenticatedSocket): void {
    // By the socket first: another middleware may have put something else in the place of the handshake's `auth`.
    const admission = admissions.get(socket) ?? handshakes.admission(socket.handshake.auth);
    if (!admission) {
      socket.disconnect();
      return;
    }
    const { identity, since } = admission;
    const entered = new LiveSocket(socket, admission, verification, notice);
    live.set(socket, entered);
    const revocation = revocations.after(identity.subject, since);
    // Not at once: whoever hears of this connection is to hear of its end.
    if (revocation) queueMicrotask(() => entered.revoke(revocation.reason));
    else if (socket.recovered) entered.hold(verification.objection(identity, socket));
  }

  // From when it is heard of: another node's clock may be behind, and would spare who has connected since.
  function revoke(subject: string, reason: string): void {
    const at = instant();
    revocations.remember({ subject, reason, at });
    for (const { sockets } of concrete()) {
      for (const socket of sockets.values()) {
        const connected = live.get(socket);
        if (connected?.subject === subject && connected.since <= at) connected.revoke(reason);
      }
    }
  }

  async function localDevices(subject: string): Promise<Device[]> {
    const found = [...concrete()].map(({ name, local }) =>
      local.in(userRoom(subject)).fetchSockets().then(devicesOf(subject, name)),
    );
    return (await Promise.all(found)).flat();
  }

  function guard(namespace: AuthenticatedNamespace): void {
    guardRecovery(namespace as Namespace, {
      handshakes,
      revocations,
      live: (id) => {
        const socket = namespace.sockets.get(id);
        return socket && live.get(socket);
      },
      skew: CLOCK_SKEW,
    });
  }

  namespace.use((socket, next) => {
    // Verified before it was recovered.
    if (!socket.recovered) return void admit(socket).then(next);
    const admission = handshakes.admission(socket.handshake.auth);
    if (admission) admissions.set(socket, admission);
    next();
  });
  // Those of the app, which come after this one.
  const { use } = namespace;
  namespace.use = (middleware) => use.call(namespace, answeringOnce(middleware, namespace.name));
  // Before every other listener, so that the hello is the first new event.
  namespace.prependListener("connect", welcome);

  if (children) {
    server.on("new_namespace", (child) => {
      if (children.has(child)) guard(child);
    });
  } else {
    guard(namespace);
  }
  const { name } = namespace;
  const others = Nodes.of(server).join(children ? undefined : name, { revoke, devices: localDevices });

  return {
    async disconnectUser(subject, reason) {
      revoke(subject, reason);
      others.revoke(subject, reason);
    },

    async devices(subject) {
      // The adapter asks every node, whether it authenticates or not. It knows nothing of dynamic namespaces.
      if (!children) return devicesOf(subject, name)(await namespace.in(userRoom(subject)).fetchSockets());
      return (await Promise.all([localDevices(subject), others.devices(subject)])).flat();
    },
  };
}

/** The concrete namespaces of a dynamic one, which itself holds no socket. */
function childrenOf(namespace: object): ReadonlySet<AuthenticatedNamespace> | undefined {
  const { children } = namespace as { children?: unknown };
  return children instanceof Set ? children : undefined;
}

type RemoteSocket = Awaited<ReturnType<AuthenticatedNamespace["fetchSockets"]>>[number];

function devicesOf(subject: string, namespace: string) {
  return (sockets: RemoteSocket[]): Device[] =>
    sockets.flatMap(({ id, handshake, data: { auth } }) => {
      // The app may have let others into the room, to hear what the user hears.
      if (auth?.subject !== subject) return [];
      return {
        id,
        namespace,
        address: handshake.address,
        userAgent: handshake.headers["user-agent"],
        connectedAt: handshake.issued,
        expiresAt: auth.expiresAt,
      };
    });
}
