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
 *     CONNECT with pid ── token valid? ── session: same user, not revoked? ── recovered
 *                              │ no                   │ no
 *                         refused, session       an ordinary connection
 *                         left as it was (T8)    with that token
 */
export class SessionGuard {
  readonly #namespace: Namespace;
  readonly #storedOf: (socket: Socket) => StoredAuth | undefined;
  /** Who is asking for the session of a pid. A session is restored only while its pid is in here. */
  readonly #asking = new Map<string, Asking>();
  /** Restored sessions whose sockets are not connected yet, by id, with what was sent to them meanwhile. */
  readonly #restored = new Map<string, (socket: Socket) => void>();
  readonly #guarded = new WeakSet<Adapter>();

  /** @param storedOf returns what to store for a socket in addition to the app's data */
  constructor(namespace: Namespace, storedOf: (socket: Socket) => StoredAuth | undefined) {
    this.#namespace = namespace;
    this.#storedOf = storedOf;
  }

  /** Called before each guarded CONNECT, because `io.adapter()` may set another adapter at any time. */
  guardAdapter(): void {
    const { adapter, server } = this.#namespace;
    // Without recovery nothing is stored, and no broadcast need be looked at.
    if (!server._opts.connectionStateRecovery || this.#guarded.has(adapter)) return;
    this.#guarded.add(adapter);
    const { persistSession, restoreSession } = adapter;
    const broadcasts = new RecoveryBroadcasts(adapter);

    // The verified identity, even if the app has changed `socket.data`.
    adapter.persistSession = (session) => {
      const socket = this.#namespace.sockets.get(session.sid);
      const auth = socket && this.#storedOf(socket);
      return persistSession.call(adapter, { ...session, data: { ...Object(session.data), auth } });
    };

    adapter.restoreSession = (async (pid: string, offset: string) => {
      const asking = this.#asking.get(pid);
      if (!asking) return null;
      const { guard, handshake } = asking;
      const recording = broadcasts.record();
      let resumed: Session | undefined;
      try {
        const found = restoreSession.call(adapter, pid, offset) as Promise<Session | null>;
        const session = await within(RESTORE_DEADLINE, found);
        if (!session || session === LATE) return null;
        const { auth, ...data } = Object(session.data);
        if (!(await guard.mayResume(auth, handshake))) return null;
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
