import type { Namespace, Socket } from "socket.io";
import type { AuthenticatedSocket } from "../connection/authenticated-socket.ts";
import { SessionGuard } from "../recovery/session-guard.ts";
import { throwLater, warn } from "../reporter.ts";
import type { Guard } from "./guard.ts";
import { Handshake } from "./handshake.ts";
import type { Middleware } from "./middlewares.ts";

type Payload = Record<string, unknown>;

/**
 * The private parts of Socket.IO's Namespace that are used here. The public API has no place that runs before the middlewares
 * of a namespace that already has some (V9). It also has none that runs before connection state recovery, knows the payload
 * and can wait (V5): middlewares run later, `allowRequest` and `io.engine.use()` see no payload, and `restoreSession()` does not
 * get it. The tests run with the oldest and the newest socket.io that the package admits.
 */
interface Inside {
  /** Takes a CONNECT: makes the socket, a recovered one included, runs the middlewares, and connects. */
  _add?(client: { conn: { readyState: string } }, payload: Payload, done?: (socket: Socket) => void): unknown;
  /** Runs the middlewares. */
  run?(socket: AuthenticatedSocket, done: (error?: Error) => void): void;
  /** Connects a socket: sends CONNECT, and calls the app's listeners. A recovered one may come here without `run`. */
  _doConnect?(socket: EnteringSocket, done?: (socket: Socket) => void): void;
  /** The middlewares. */
  _fns?: Middleware<AuthenticatedSocket>[];
  /** Those that are in a middleware. */
  _preConnectSockets?: Map<string, Socket>;
  /** Lets a socket go that has left, or was refused. */
  _remove?(socket: object): void;
}

/** A socket that is not connected yet. */
type EnteringSocket = AuthenticatedSocket & {
  /** Leaves its rooms and its namespace. */
  _cleanup(): void;
};

interface Entry {
  guard: Guard;
  handshake: Handshake;
}

let isWarned = false;

/**
 * Decides who enters a namespace:
 *
 *     CONNECT ── session asked for? ── yes ── token verified, session looked up ──┐
 *                        └── no ──────────────────────────────────────────────────┴─ guard, app's middlewares ── connected
 */
export class Doorway {
  readonly #namespace: Namespace;
  readonly #guardOf: () => Guard | undefined;
  readonly #sessions: SessionGuard;
  /** By the payload, which is the handshake's `auth` until the app's middlewares run, and then by the socket. */
  readonly #entries = new WeakMap<object, Entry>();
  /** The guards that have let sockets in. */
  readonly #guards = new WeakMap<object, Guard>();

  /** @param guardOf returns the guard whose rules hold for the namespace now; undefined if it is not guarded */
  constructor(namespace: Namespace, guardOf: () => Guard | undefined) {
    this.#namespace = namespace;
    this.#guardOf = guardOf;
    this.#sessions = new SessionGuard(namespace, guardOf, (socket) =>
      this.#guards.get(socket)?.stored(socket),
    );
    const inside = namespace as unknown as Inside;
    const { _add, run, _doConnect, _fns } = inside;
    if (_add && run && _doConnect && _fns) this.#wrapInternals(inside, _add, run, _doConnect);
    else this.#useMiddleware();
  }

  #wrapInternals(
    inside: Inside,
    add: NonNullable<Inside["_add"]>,
    run: NonNullable<Inside["run"]>,
    doConnect: NonNullable<Inside["_doConnect"]>,
  ): void {
    const namespace = this.#namespace;
    const entering = this.#keepWhileEntered(inside);
    inside._add = async (client, payload, done) => {
      this.#sessions.guardAdapter();
      const guard = this.#guardOf();
      if (!guard) return add.call(namespace, client, payload, done);
      const handshake = new Handshake(payload);
      this.#entries.set(payload, { guard, handshake });
      entering.add(handshake);
      const enter = () =>
        add.call(namespace, client, payload, (socket) => {
          entering.delete(handshake);
          done?.(socket);
          // Before the app's listeners to "connection", so that the hello is the first new event.
          this.#welcome(socket, guard, handshake);
        });
      const { pid, offset } = payload;
      if (typeof pid !== "string" || typeof offset !== "string") return enter();
      const verified = await guard.identify(handshake, namespace.name);
      // The client may have left meanwhile, or must be verified by other rules. To restore the session would use it up for
      // nobody (T8); Socket.IO tidies up.
      const hasLeft = client.conn.readyState !== "open";
      if (verified instanceof Error || hasLeft || this.#isNoLongerEnough(guard)) {
        delete payload.pid;
        return enter();
      }
      return this.#sessions.lookUp(pid, { guard, handshake }, enter);
    };
    inside.run = (socket, done) => {
      const entry = this.#entryOf(socket);
      if (this.#isNoLongerEnough(entry?.guard)) {
        sendAway(socket);
        return done();
      }
      if (!entry) return run.call(namespace, socket, done);
      void entry.guard.admit(socket, entry.handshake, [...(inside._fns ?? [])]).then(done);
    };
    inside._doConnect = (socket, done) => {
      if (!this.#isNoLongerEnough(this.#entryOf(socket)?.guard))
        return doConnect.call(namespace, socket, done);
      // Guarded while its session was looked up. The app hears nothing of it.
      sendAway(socket);
      socket._cleanup();
    };
  }

  #entryOf(socket: AuthenticatedSocket): Entry | undefined {
    const entry = this.#entries.get(socket) ?? this.#entries.get(socket.handshake.auth);
    if (entry) this.#entries.set(socket, entry);
    return entry;
  }

  /**
   * V9: clients that came before the rules of the namespace come back automatically, and are verified then. The app hears nothing of
   * those that are in a middleware, because Socket.IO connects nobody whose engine connection is closed.
   */
  sendAwayUnverified(): void {
    for (const socket of [...this.#namespace.sockets.values(), ...this.#waiting])
      if (this.#isNoLongerEnough(this.#guards.get(socket))) sendAway(socket);
  }

  /** Those that are in a middleware. */
  get #waiting(): AuthenticatedSocket[] {
    const { _preConnectSockets: waiting } = this.#namespace as unknown as Inside;
    return waiting ? [...waiting.values()] : [];
  }

  /** Whether a client that this guard has let in, or none, must be verified by the rules that hold now. */
  #isNoLongerEnough(admittedBy: Guard | undefined): boolean {
    const guard = this.#guardOf();
    return guard !== undefined && guard !== admittedBy;
  }

  /**
   * With `cleanupEmptyChildNamespaces`, Socket.IO deletes a dynamic namespace as the first refused socket leaves it, and those
   * whose tokens are still being verified, or who are in a middleware, would enter one that nobody else finds. As the last of
   * these left it, Socket.IO would delete the one that was made for the next client.
   *
   * @returns the CONNECTs that are under way, to be kept up to date
   */
  #keepWhileEntered(inside: Inside): Set<Handshake> {
    const entering = new Set<Handshake>();
    const { _remove: removeAndTidy } = inside;
    const { _remove: remove }: Inside = Object.getPrototypeOf(inside);
    if (remove && removeAndTidy && remove !== removeAndTidy)
      inside._remove = (socket) => {
        const entry = this.#entries.get(socket);
        if (entry) entering.delete(entry.handshake);
        const isEntered = entering.size > 0 || this.#waiting.some((other) => other !== socket);
        (isEntered ? remove : removeAndTidy).call(inside, socket);
      };
    return entering;
  }

  /** Uses the public API if a version of Socket.IO lacks the private parts. Middlewares that were there before then run first. */
  #useMiddleware(): void {
    if (!isWarned) {
      isWarned = true;
      warn(
        "authsocket/server does not know this version of socket.io: middlewares that were added before authenticate() " +
          "run before it, and no connection is recovered",
      );
    }
    // In this way no session can be restored where a token is needed.
    this.#sessions.guardAdapter();
    this.#namespace.use((socket, next) => {
      const guard = this.#guardOf();
      if (!guard) return next();
      const handshake = new Handshake(socket.handshake.auth);
      this.#entries.set(socket, { guard, handshake });
      void guard.admit(socket, handshake, []).then(next);
    });
    this.#namespace.prependListener("connect", (socket: Socket) => {
      const entry = this.#entries.get(socket);
      // A recovered socket has not passed through a middleware. Not at once: whoever hears of it must also hear of its end.
      if (this.#isNoLongerEnough(entry?.guard)) queueMicrotask(() => socket.conn.close());
      else if (entry) this.#welcome(socket, entry.guard, entry.handshake);
    });
  }

  #welcome(socket: Socket, guard: Guard, handshake: Handshake): void {
    this.#guards.set(socket, guard);
    // A user who was disconnected meanwhile gets nothing that was sent since (V3).
    if (!guard.revocationOf(handshake)) this.#sessions.welcome(socket);
    guard.welcome(socket, handshake);
  }
}

/** Closes the engine connection. A listener of the app's to "disconnect" that throws keeps nobody in (V6). */
function sendAway({ conn }: Pick<Socket, "conn">): void {
  try {
    conn.close();
  } catch (error) {
    throwLater(error);
  }
}
