import type { Namespace, Socket } from "socket.io";
import { CLOCK_SKEW } from "../cluster/nodes.ts";
import type { Guard, StoredAuth } from "../guard/guard.ts";
import type { Entrant } from "../guard/handshake.ts";
import { Interim, type Recording } from "./interim.ts";

type Adapter = Namespace["adapter"];
type Session = Awaited<ReturnType<Adapter["restoreSession"]>>;

/** Who asks for a session, by whose rules. */
interface Asking {
  guard: Guard;
  entrant: Entrant;
}

/** ms after which a session that was restored, and of which no socket has come, is given up. */
const PATIENCE = 10_000;

/**
 * Stands between connection state recovery and those who must not have it (V5). Socket.IO writes the missed packets before
 * any middleware runs (T7) and loses broadcasts while one works (T9). So the token is verified before the session is looked
 * up, and the session is checked before anything is made of it:
 *
 *     CONNECT with pid ── token valid? ── session: same user, not revoked? ── recovered
 *                              │ no                   │ no
 *                         refused, session       an ordinary connection
 *                         left as it was (T8)    with that token
 */
export class SessionGuard {
  readonly #namespace: Namespace;
  readonly #storedOf: (socket: Socket) => StoredAuth | undefined;
  /** Who asks for the session of a pid just now. A session nobody asks for in that way is not restored. */
  readonly #asking = new Map<string, Asking>();
  /** Restored sessions whose sockets are still to be connected, by id: brings what was sent meanwhile. */
  readonly #restored = new Map<string, (socket: Socket) => void>();
  readonly #guarded = new WeakSet<Adapter>();

  /** @param storedOf what is to be stored of a socket beside the app's data */
  constructor(namespace: Namespace, storedOf: (socket: Socket) => StoredAuth | undefined) {
    this.#namespace = namespace;
    this.#storedOf = storedOf;
  }

  /** Before each guarded CONNECT, since `io.adapter()` may bring another adapter at any time. */
  guardAdapter(): void {
    const { adapter } = this.#namespace;
    if (this.#guarded.has(adapter)) return;
    this.#guarded.add(adapter);
    const { persistSession, restoreSession } = adapter;
    const interim = new Interim(adapter);

    // What was verified, whatever the app has done to `socket.data`.
    adapter.persistSession = (session) => {
      const socket = this.#namespace.sockets.get(session.sid);
      const auth = socket && this.#storedOf(socket);
      return persistSession.call(adapter, { ...session, data: { ...Object(session.data), auth } });
    };

    adapter.restoreSession = (async (pid: string, offset: string) => {
      const asking = this.#asking.get(pid);
      if (!asking) return null;
      const { guard, entrant } = asking;
      const recording = interim.record();
      let resumed: Session | undefined;
      try {
        const session: Session | null = await restoreSession.call(adapter, pid, offset);
        const { auth, ...data } = Object(session?.data);
        if (!session || !(await guard.mayResume(auth, entrant, CLOCK_SKEW))) return null;
        const { identity } = entrant;
        resumed = { ...session, data: identity ? { ...data, auth: identity } : data };
        this.#expect(resumed, offset, recording);
        return resumed;
      } finally {
        if (!resumed) recording.stop();
      }
    }) as Adapter["restoreSession"];
  }

  /** Lets an entrant's CONNECT in, who may have the session of a pid if it is theirs. */
  async lookUp(pid: string, asking: Asking, enter: () => unknown): Promise<void> {
    this.#asking.set(pid, asking);
    try {
      await enter();
    } finally {
      this.#asking.delete(pid);
    }
  }

  /** Brings a socket that has come of a restored session what was sent since that was looked up. */
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
      // Restored anew in the meantime, after a refusal, it is the later one's.
      if (this.#restored.get(sid) === play) this.#restored.delete(sid);
    };
    const timer = setTimeout(giveUp, PATIENCE).unref();
    this.#restored.set(sid, play);
  }
}
