import type { Namespace, Socket } from "socket.io";
import { AuthError } from "./auth-error.ts";
import type { Handshakes } from "./handshakes.ts";
import { type Identity, isIdentity } from "./identity.ts";
import { Interim, type Recording } from "./interim.ts";
import type { LiveSocket } from "./live-socket.ts";
import type { Revocations } from "./revocations.ts";

type Adapter = Namespace["adapter"];
type Session = Awaited<ReturnType<Adapter["restoreSession"]>>;

interface RecoveryContext {
  handshakes: Pick<Handshakes<unknown>, "verify">;
  revocations: Revocations;
  /** The namespace's live socket of that id. */
  live(id: string): LiveSocket | undefined;
  /** ms that the clock of the node which stored a session may be ahead of this one's */
  skew: number;
}

/** This process, in what it stores. */
const node = crypto.randomUUID();

/** ms after which a session that was restored, and of which no socket has come, is given up. */
const PATIENCE = 10_000;

/**
 * Stands between connection state recovery and those who must not have it. Socket.IO writes the missed packets before any
 * middleware runs (T7) and loses broadcasts while one works (T9). So the token is verified before the session is looked
 * up, and the session is checked before anything is made of it:
 *
 *     CONNECT with pid ── token valid? ── session: same user, unexpired, not revoked? ── recovered
 *                              │ no                      │ no
 *                         refused, session          an ordinary connection
 *                         left as it was (T8)       with that token
 */
export function guardRecovery(
  namespace: Namespace,
  { handshakes, revocations, live, skew }: RecoveryContext,
): void {
  /** Who asks for the session of a pid just now. A session nobody asks for in that way is not restored. */
  const asking = new Map<string, Identity>();
  /** Restored sessions whose sockets are still to be connected, by id: brings what was sent meanwhile. */
  const restored = new Map<string, (socket: Socket) => void>();
  const guarded = new WeakSet<Adapter>();
  // Private to Socket.IO, and the one place before the session is looked up that knows the payload and can wait: middlewares
  // run after it, `allowRequest` and `io.engine.use` see no payload, and `restoreSession` is not told of it.
  const add = namespace._add;

  const enter: typeof add = (client, payload, done) => {
    // Each time, since `io.adapter()` may bring another at any time.
    if (!guarded.has(namespace.adapter)) guardAdapter(namespace.adapter);
    return add.call(namespace, client, payload, done);
  };

  namespace._add = async (client, payload, done) => {
    const { pid, offset } = payload;
    if (typeof pid !== "string" || typeof offset !== "string") return enter(client, payload, done);

    const verdict = await handshakes.verify(payload);
    // Gone in the meantime: restoring would spend the session on nobody.
    if (client.conn.readyState !== "open") return;
    if (verdict instanceof AuthError) delete payload.pid;
    else asking.set(pid, verdict.identity);
    try {
      await enter(client, payload, done);
    } finally {
      asking.delete(pid);
    }
  };

  namespace.prependListener("connect", (socket: Socket) => restored.get(socket.id)?.(socket));

  function guardAdapter(adapter: Adapter): void {
    guarded.add(adapter);
    const { persistSession, restoreSession } = adapter;
    const interim = new Interim(adapter);

    // What was verified, whatever the app has done to `socket.data`, and since when, for revocations.
    adapter.persistSession = (session) => {
      const socket = live(session.sid);
      const auth = socket && { ...socket.identity, since: socket.since, node };
      return persistSession.call(adapter, { ...session, data: { ...Object(session.data), auth } });
    };

    adapter.restoreSession = (async (pid: string, offset: string) => {
      const identity = asking.get(pid);
      if (!identity) return null;
      const recording = interim.record();
      let session: Session | null = null;
      try {
        session = await restoreSession.call(adapter, pid, offset);
      } finally {
        if (!session) recording.stop();
      }
      const auth: unknown = Object(session?.data).auth;
      if (!session || !mayResume(auth, identity)) {
        recording.stop();
        return null;
      }
      expect(session, offset, recording);
      return { ...session, data: { ...Object(session.data), auth: identity } };
    }) as Adapter["restoreSession"];
  }

  function expect({ sid, rooms, missedPackets }: Session, offset: string, recording: Recording): void {
    const play = (socket: Socket) => {
      giveUp();
      recording.playTo(socket, rooms, offset, missedPackets);
    };
    const giveUp = () => {
      clearTimeout(timer);
      recording.stop();
      // Restored anew in the meantime, after a refusal, it is the later one's.
      if (restored.get(sid) === play) restored.delete(sid);
    };
    const timer = setTimeout(giveUp, PATIENCE).unref();
    restored.set(sid, play);
  }

  function mayResume(auth: unknown, { subject }: Identity): boolean {
    const { since, node: storedBy } = Object(auth);
    return (
      isIdentity(auth) &&
      auth.subject === subject &&
      auth.expiresAt > Date.now() &&
      typeof since === "number" &&
      !revocations.after(subject, storedBy === node ? since : since - skew)
    );
  }
}
