import type { Namespace, Socket } from "socket.io";
import type { Guard, StoredAuth } from "../guard/guard.ts";
import { CONNECT_DEADLINE, type Handshake } from "../guard/handshake.ts";
import { LATE, within } from "../verdict/deadline.ts";
import { type Recording, RecoveryBroadcasts } from "./recovery-broadcasts.ts";

type Adapter = Namespace["adapter"];
type Session = Awaited<ReturnType<Adapter["restoreSession"]>>;

/** Who asks for a session, and which guard's rules apply. */
interface Asking {
  guard: Guard;
  handshake: Handshake;
}

/** Where `StoredAuth` is in what is stored of a socket's data. An app cannot put one there itself: see `dataToStore()`. */
const STORED_AUTH = "authsocket:session";

/** ms for the adapter to look a session up. After that, the client connects as new (V9). */
const RESTORE_DEADLINE = 5_000;

/**
 * ms after which the recorded broadcasts of a restored session are dropped, if no socket has come of it. Its CONNECT has been
 * answered by then.
 */
const RECORDING_TIME = CONNECT_DEADLINE + 1_000;

/**
 * Keeps connection state recovery from those who must not have it (V5). Socket.IO sends the missed packets before any
 * middleware runs (T7), and loses broadcasts while a middleware works (T9). Therefore the token is verified before the session is
 * looked up, and the session is checked before it is restored:
 *
 *     CONNECT with pid ── token valid? ── session: of this namespace, same user, not revoked? ── recovered
 *                              │ no                   │ no
 *                         refused, session       an ordinary connection
 *                         left as it was (T8)    with that token
 *
 * Adapters such as that of Redis streams store a session by its pid alone, and find it from any namespace. A namespace without
 * tokens must not get one of a user either.
 */
export class SessionGuard {
  readonly #namespace: Namespace;
  readonly #guardOf: () => Guard | undefined;
  readonly #storedOf: (socket: Socket) => StoredAuth | undefined;
  /** Who is asking for the session of a pid. A session is restored only while its pid is in here. */
  readonly #asking = new Map<string, Asking>();
  /** Restored sessions whose sockets are not connected yet, by id, with what was sent to them meanwhile. */
  readonly #restored = new Map<string, (socket: Socket) => void>();
  readonly #guarded = new WeakSet<Adapter>();

  /**
   * @param guardOf returns the guard whose rules hold here now; undefined if no token is needed
   * @param storedOf returns what to store for a socket in addition to the app's data; undefined if no guard has admitted it
   */
  constructor(
    namespace: Namespace,
    guardOf: () => Guard | undefined,
    storedOf: (socket: Socket) => StoredAuth | undefined,
  ) {
    this.#namespace = namespace;
    this.#guardOf = guardOf;
    this.#storedOf = storedOf;
  }

  /** Called before each CONNECT, because `io.adapter()` may set another adapter at any time. */
  guardAdapter(): void {
    const { adapter, server } = this.#namespace;
    // Without recovery nothing is stored, and no broadcast need be looked at.
    if (!server._opts.connectionStateRecovery || this.#guarded.has(adapter)) return;
    this.#guarded.add(adapter);
    const { persistSession, restoreSession } = adapter;
    const broadcasts = new RecoveryBroadcasts(adapter);

    adapter.persistSession = (session) => {
      const socket = this.#namespace.sockets.get(session.sid);
      const stored = socket && this.#storedOf(socket);
      let data: unknown;
      try {
        data = dataToStore(session.data, stored);
      } catch {
        // V6: a getter of the app's has thrown. The client comes back as a new one.
        return;
      }
      return persistSession.call(adapter, { ...session, data });
    };

    adapter.restoreSession = (async (pid: string, offset: string) => {
      const asking = this.#asking.get(pid);
      if (!asking) {
        if (this.#guardOf()) return null;
        const session = await restoreSession.call(adapter, pid, offset);
        // Guarded meanwhile: the client has shown no valid token.
        if (this.#guardOf()) return null;
        return session && STORED_AUTH in Object(session.data) ? null : session;
      }
      const { guard, handshake } = asking;
      const recording = broadcasts.record();
      let resumed: Session | undefined;
      try {
        const found = restoreSession.call(adapter, pid, offset) as Promise<Session | null>;
        const session = await within(RESTORE_DEADLINE, found);
        if (!session || session === LATE) return null;
        const { [STORED_AUTH]: stored, ...data } = Object(session.data);
        if (!(await guard.mayResume(stored, handshake, this.#namespace.name))) return null;
        // Other rules hold by now. The client has not been verified by them.
        if (this.#guardOf() !== guard) return null;
        const identity = handshake.verified?.identity;
        // To look up the session may take seconds. An expired token gets nothing that was missed (V2).
        if (identity && identity.expiresAt <= Date.now()) return null;
        resumed = { ...session, data: identity ? { ...data, auth: identity } : data };
        this.#expect(resumed, offset, recording);
        return resumed;
      } finally {
        if (!resumed) recording.stop();
      }
    }) as Adapter["restoreSession"];
  }

  /** Admits a CONNECT. It resumes the session of its pid if that belongs to the same user. */
  async lookUp(pid: string, asking: Asking, enter: () => unknown): Promise<void> {
    this.#asking.set(pid, asking);
    try {
      await enter();
    } finally {
      this.#asking.delete(pid);
    }
  }

  /** Sends the socket of a restored session what was broadcast since the session was looked up. */
  welcome(socket: Socket): void {
    this.#restored.get(socket.id)?.(socket);
  }

  #expect({ sid, rooms, missedPackets }: Session, offset: string, recording: Recording): void {
    const play = (socket: Socket) => {
      giveUp();
      recording.playTo(socket, rooms, offset, missedPackets);
    };
    const giveUp = () => {
      clearTimeout(timer);
      recording.stop();
      // It was restored again meanwhile, after a refusal, and belongs to the later one.
      if (this.#restored.get(sid) === play) this.#restored.delete(sid);
    };
    const timer = setTimeout(giveUp, RECORDING_TIME).unref();
    this.#restored.set(sid, play);
  }
}

/**
 * The app's data, and what the guard knows of the socket. What an app has taken from a client is never mistaken for the latter. Of
 * the identity only the verified subject is stored, by which a user is found on a server that does not guard: the next token brings
 * the rest.
 */
function dataToStore(data: unknown, stored: StoredAuth | undefined): unknown {
  if (!stored && !(STORED_AUTH in Object(data))) return data;
  const { [STORED_AUTH]: _invented, ...own } = Object(data);
  if (!stored) return own;
  const { auth: _identity, ...rest } = own;
  const { subject } = stored;
  return { ...rest, ...(subject !== undefined && { auth: { subject } }), [STORED_AUTH]: stored };
}
