import { type Manager, Socket } from "socket.io-client";
import {
  EXPIRING_EVENT,
  FORCE_DISCONNECT_EVENT,
  RENEW_EVENT,
  REVOKED_EVENT,
  SESSION_EVENT,
} from "../protocol.ts";
import { Alarm } from "./alarm.ts";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  isCutOverToken,
  isInDemand,
  type Connection as State,
  tickDueAt,
  transition,
} from "./core/connection-machine.ts";
import { AuthSocketError } from "./core/errors.ts";
import { type ConnectError, unavailableFor } from "./core/refusal.ts";
import type { User } from "./core/session-machine.ts";
import { withoutJwt } from "./core/token-set.ts";
import { Machine } from "./machine.ts";
import { type Outbox, openOutbox } from "./outbox.ts";
import { PublishedState } from "./published-state.ts";
import type { Session, SessionClient } from "./session.ts";

/**
 * - `idle`: not asked to connect, or Socket.IO gave up reconnecting
 * - `connecting`: the token, the engine's handshake or the server's answer is pending; `retryAt` where a time is set
 * - `connected`
 * - `signedOut`: connects by itself after `session.signIn()`
 * - `refused`: forbidden, kicked, revoked or another user's; `connect()` tries again
 */
export type AuthSocketState =
  | { status: "idle"; error?: AuthSocketError }
  | { status: "connecting"; attempt: number; error?: AuthSocketError; retryAt?: number }
  | { status: "connected"; id: string; recovered: boolean }
  | { status: "signedOut"; error?: AuthSocketError }
  | { status: "refused"; error: AuthSocketError };

export interface ConnectionContext {
  session: Session;
  isTokenRefused: (error: ConnectError) => boolean;
  /** Socket.IO's `retries` is on, whose queue nobody can empty (T6) */
  sealed: boolean;
  /** How a connection gets a new token where the server does not say that it renews in band (B13). */
  renewal: "swap" | "cut";
  /** Replaces the engine beneath all sockets, once it is drained. */
  swap: () => void;
  /** For a cookie: whether the engine has seen it. One that has not is replaced, drained first. */
  reopened: (renewal: string) => boolean;
  /** Throws where the page itself is no safe place for a token (S3). */
  admit: () => void;
}

/** The two answers to a CONNECT, as Socket.IO numbers its packets. */
const CONNECT = 0;
const CONNECT_ERROR = 4;

/** T10: what the offsets of Socket.IO's adapters look like, in memory and in Redis streams. */
const OFFSET = /^([\w-]{7}(\.[\w-]+)?|\d{13,}-\d+)$/;

/** ms after which a server has taken in a DISCONNECT. It takes a CONNECT that comes together with one for a second one. */
const SETTLE = 50;

/** ms that a server has to answer `auth:renew`; without an answer the connection lives until its old expiry. */
const RENEWAL_TIMEOUT = 10_000;

/** Runs the connection machine over one Socket.IO Socket, by its public members only. */
export class Connection implements SessionClient {
  readonly published = new PublishedState<AuthSocketState>({ status: "idle" });
  readonly socket: Socket;
  readonly #context: ConnectionContext;
  readonly #namespace: string;
  readonly #machine = new Machine<State, ConnectionEvent, ConnectionEffect>(
    { status: "idle" },
    transition,
    (effects) => this.#done(effects),
  );
  readonly #alarm: Alarm;
  /** The Socket's methods as Socket.IO made them, beneath those of `#overrides`. */
  readonly #native: Pick<Socket, "connect" | "disconnect" | "emitWithAck" | "off">;
  readonly #overrides: object;
  /** Answers Socket.IO's question for the CONNECT payload; there is one question an engine (B12). */
  #answer: ((payload: object) => void) | undefined;
  /** T4: the engine on which a CONNECT of this Socket is unanswered; a second one would cost the engine. */
  #unanswered: Manager["engine"] | undefined;
  /** The Manager is telling of its close. */
  #closing: Promise<void> | undefined;
  /** Opens the namespace when neither stands in the way any more. */
  #postponed: (() => void) | undefined;
  /** What rejects those who wait for an acknowledgement (B18). */
  readonly #unacknowledged = new Set<(error: Error) => void>();
  /** For the engine swap alone. */
  readonly outbox: Outbox | undefined;
  /** T10: where recovery is to go on from. Socket.IO takes the last text of any event for it, of volatile ones too. */
  #offset: string | undefined;
  #isRecoverable = false;
  #user: User;
  /** Who the server last knew this Socket as: its recovery is theirs alone (T6). */
  #known: User | undefined;

  constructor(socket: Socket, namespace: string, context: ConnectionContext) {
    this.#context = context;
    this.#namespace = namespace;
    this.#user = context.session.user;
    this.#alarm = new Alarm(context.session.platform, () => this.#tick());
    this.socket = socket;
    const { connect, disconnect, emitWithAck, off } = socket;
    this.#native = { connect, disconnect, emitWithAck, off };
    this.#overrides = this.#override();
    Object.assign(socket, this.#overrides);
    if (context.renewal === "swap") this.outbox = openOutbox(socket, context.sealed);
    this.#listen();
    for (const [event, listener] of this.#managerListeners) socket.io.on(event, listener);
    context.session.join(this);
  }

  get connectedWith(): string | undefined {
    const state = this.#machine.state;
    return state.status === "connected" ? state.grant.accessToken : undefined;
  }

  connect(): void {
    this.#context.admit();
    this.#machine.send({ type: "connect" });
  }

  disconnect(): void {
    this.#machine.send({ type: "disconnect" });
  }

  changed(): void {
    const { session, sealed } = this.#context;
    const outlook = session.outlook();
    const { id } = this.#user;
    this.#user = session.user;
    if (id > 0 && id !== this.#user.id) this.#machine.send({ type: "userChanged", outlook, sealed });
    else this.#machine.send({ type: "session", outlook });
  }

  dispose(): void {
    const { socket } = this;
    this.disconnect();
    this.#purge(new Error("the AuthSocket was disposed of"));
    this.#context.session.leave(this);
    for (const name of Object.keys(this.#overrides)) Reflect.deleteProperty(socket, name);
    this.outbox?.dispose();
    for (const [event, listener] of this.#listeners) socket.off(event, listener);
    for (const [event, listener] of this.#managerListeners) socket.io.off(event, listener);
    this.published.clear();
  }

  /** What the Socket carries of its own: its methods do what AuthSocket's do, and `emitWithAck` settles whatever happens (B18). */
  #override(): object {
    const { socket } = this;
    const { emitWithAck, off } = this.#native;
    // An app that drops every listener of an event means its own.
    const dropListeners = (...args: Parameters<Socket["off"]>) => {
      off.apply(socket, args);
      this.#listen();
      return socket;
    };
    return {
      auth: (answer: (payload: object) => void) => this.#asked(answer),
      connect: () => {
        this.connect();
        return socket;
      },
      disconnect: () => {
        this.disconnect();
        return socket;
      },
      emitWithAck: (...args: Parameters<Socket["emitWithAck"]>) => {
        const answer = emitWithAck.apply(socket, args);
        return new Promise((resolve, reject) => {
          this.#unacknowledged.add(reject);
          const settle = (outcome: () => void) => {
            this.#unacknowledged.delete(reject);
            outcome();
          };
          answer.then(
            (value) => settle(() => resolve(value)),
            (error) => settle(() => reject(error)),
          );
        });
      },
      off: dropListeners,
      removeListener: dropListeners,
      removeAllListeners: dropListeners,
      removeEventListener: dropListeners,
    };
  }

  readonly #revoked = (reason?: unknown) => {
    if (this.#machine.state.status !== "connected") return;
    const text = String(Object(reason).reason ?? reason ?? "no reason given");
    const { now } = this.#context.session.platform;
    const message = `the server has revoked this connection: ${withoutJwt(text)}`;
    this.#machine.send({ type: "revoked", error: new AuthSocketError("revoked", message), now: now() });
  };

  readonly #retried = () => {
    this.#context.session.prepare();
    this.#machine.send({ type: "retried" });
  };

  readonly #managerListeners = [
    ["reconnect_attempt", this.#retried],
    ["reconnect_failed", () => this.#machine.send({ type: "gaveUp" })],
    ["close", () => this.#closed()],
    ["packet", (packet: { nsp: string; type: number; data?: unknown }) => this.#heard(packet)],
  ] as const;

  readonly #listeners: [string, Parameters<Socket["on"]>[1]][] = [
    ["connect", () => this.#accepted()],
    ["connect_error", (error: ConnectError) => this.#connectError(error)],
    ["disconnect", (reason: string) => this.#disconnected(reason)],
    [SESSION_EVENT, (payload: unknown) => this.#measured(payload, true)],
    [EXPIRING_EVENT, (payload: unknown) => this.#measured(payload, false)],
    [REVOKED_EVENT, this.#revoked],
    [FORCE_DISCONNECT_EVENT, this.#revoked],
  ];

  #listen(): void {
    for (const [event, listener] of this.#listeners) {
      if (!this.socket.listeners(event).includes(listener)) this.socket.on(event, listener);
    }
  }

  #asked(answer: (payload: object) => void): void {
    const { session } = this.#context;
    const { active, io } = this.socket;
    // Left, or left and connected anew, by a listener of the very event that Socket.IO is still telling others of.
    if (!active || io.engine.readyState !== "open") return;
    this.#answer = answer;
    this.#machine.send({ type: "asked", outlook: session.outlook(), now: session.platform.now() });
  }

  #heard({ nsp, type, data }: { nsp: string; type: number; data?: unknown }): void {
    const { socket } = this;
    if (nsp !== this.#namespace) return;
    // A server without recovery gives no pid, and is sent no offset.
    if (type === CONNECT) this.#isRecoverable = !!Object(data).pid;
    const last: unknown = Array.isArray(data) ? data.at(-1) : undefined;
    if (typeof last === "string" && OFFSET.test(last)) this.#offset = last;
    // T4: what the server says to a Socket that has left in the meantime.
    if (socket.active || !this.#unanswered) return;
    if (type === CONNECT) {
      // Connected after all: only now would the server understand a DISCONNECT. A stand-in says it, and the app hears nothing.
      const ghost = new Socket(socket.io, nsp);
      ghost.connected = true;
      ghost.disconnect();
      const engine = this.#unanswered;
      const settled = () => {
        if (this.#unanswered === engine) this.#answered();
      };
      this.#context.session.platform.setTimeout(settled, SETTLE);
    }
    if (type === CONNECT_ERROR) this.#answered();
  }

  #answered(): void {
    this.#unanswered = undefined;
    this.#goOn();
  }

  /**
   * T11: an engine that is opened in the midst of the Manager's "close" is never reconnected later, since the Manager goes on
   * to schedule a reconnect that finds it open.
   */
  #closed(): void {
    this.#unanswered = undefined;
    this.#closing ??= Promise.resolve().then(() => {
      this.#closing = undefined;
      this.#goOn();
    });
  }

  #open(): void {
    if (this.#unanswered || this.#closing) this.#postponed = () => this.#open();
    else this.#native.connect.call(this.socket);
  }

  #goOn(): void {
    const open = this.#postponed;
    this.#postponed = undefined;
    open?.();
  }

  #accepted(): void {
    this.#unanswered = undefined;
    const { id = "", recovered } = this.socket;
    this.#known = this.#user;
    const { renewal, session } = this.#context;
    const { now } = session.platform;
    this.#machine.send({ type: "accepted", id, recovered: !!recovered, renewal, now: now() });
    if (this.connectedWith) session.accepted(this.connectedWith);
    // The session may have renewed its token while this one was being looked at.
    this.#machine.send({ type: "session", outlook: session.outlook() });
  }

  /** What recovery replays before `connect` was said of an earlier connection. */
  #measured(payload: unknown, inBand: boolean): void {
    const { session } = this.#context;
    const { expiresIn } = Object(payload);
    const token = this.connectedWith;
    if (token === undefined || !(expiresIn > 0)) return;
    if (inBand) session.measured(token, expiresIn);
    else session.expiring(token, expiresIn);
    this.#machine.send({ type: "measured", inBand, outlook: session.outlook() });
  }

  #connectError(error: ConnectError): void {
    this.#unanswered = undefined;
    // A Socket that is still active has met a failing engine, not the server's refusal (T14).
    if (this.socket.active) this.#lost();
    else this.#refused(error);
  }

  #refused(error: ConnectError): void {
    const { session, isTokenRefused } = this.#context;
    session.read(); // B8
    const state = this.#machine.state;
    const token = state.status === "opening" ? state.grant?.accessToken : undefined;
    const retryAfter = unavailableFor(error);
    if (token !== undefined && isTokenRefused(error)) {
      const message = `the server has refused the access token: ${withoutJwt(error.message)}`;
      if (session.isServed(token)) {
        this.#bar("token_rejected", message, error);
      } else {
        session.refused(token, new AuthSocketError("token_rejected", message, { cause: error }));
        this.#machine.send({ type: "tokenRefused", outlook: session.outlook() });
      }
    } else if (retryAfter !== undefined && "attempt" in state) {
      this.#machine.send({
        type: "unavailable",
        retryAt: Math.max(session.platform.now() + retryAfter, session.retryAt(state.attempt - 1)),
      });
    } else {
      this.#bar("forbidden", `the server has refused the connection: ${withoutJwt(error.message)}`, error);
    }
  }

  #disconnected(reason: string): void {
    this.#answer = undefined;
    if (reason === "io server disconnect") this.#cut();
    else if (reason !== "io client disconnect") this.#lost();
  }

  /** The transport is gone: Socket.IO sees to it, unless it was told not to (T15: connected or not). */
  #lost(): void {
    this.#machine.send({ type: this.socket.io.reconnection() ? "lost" : "gaveUp" });
  }

  #cut(): void {
    const { session } = this.#context;
    const state = this.#machine.state;
    const token = this.connectedWith;
    const now = session.platform.now();
    if (state.status === "connected" && state.revoked) {
      this.#machine.send({ type: "barred", error: state.revoked.error });
    } else if (token !== undefined && isCutOverToken(state, session.token, now)) {
      session.cut(token);
      this.#machine.send({ type: "cut", outlook: session.outlook(), now });
    } else {
      this.#bar("kicked", "the server has disconnected this socket, though its token was good");
    }
  }

  #bar(code: "revoked" | "kicked" | "forbidden" | "token_rejected", message: string, cause?: Error): void {
    this.#machine.send({ type: "barred", error: new AuthSocketError(code, message, cause && { cause }) });
  }

  #tick(): void {
    const { session } = this.#context;
    this.#machine.send({ type: "tick", outlook: session.outlook(), now: session.platform.now() });
    this.#alarm.set(tickDueAt(this.#machine.state));
  }

  #done(effects: ConnectionEffect[]): void {
    const { session } = this.#context;
    const state = this.#machine.state;
    if (isInDemand(state)) session.hold(this);
    else session.release(this);
    this.#alarm.set(tickDueAt(state));
    // B16: dropped before anybody hears of the new user; the rest after, since Socket.IO's events should find the new state.
    if (effects.includes("purge")) this.#dropPrevious();
    this.published.publish(toPublic(state));
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: ConnectionEffect): void {
    switch (effect) {
      case "purge":
        break;
      case "prepare":
        this.#context.session.prepare();
        this.#machine.send({ type: "prepared", outlook: this.#context.session.outlook() });
        break;
      case "close":
        this.#answer = undefined;
        this.#postponed = undefined;
        this.#native.disconnect.call(this.socket);
        break;
      case "open":
        this.#open();
        break;
      case "answer":
        this.#sendConnect();
        break;
      case "renew":
        this.#renew();
        break;
      case "swap":
        this.#context.swap();
        break;
      default:
        effect satisfies never;
    }
  }

  #sendConnect(): void {
    const state = this.#machine.state;
    const answer = this.#answer;
    if (state.status !== "opening" || !state.grant || !answer) return;
    this.#answer = undefined;
    const { accessToken: token } = state.grant;
    const { session, reopened } = this.#context;
    // The engine was opened with an earlier cookie, and will not see another one.
    if (session.isCookie && !reopened(token)) return;
    this.#unanswered = this.socket.io.engine;
    // T6: one user's connection state is not another's to recover. These two override Socket.IO's own.
    const stranger = this.#known && this.#known.id !== this.#user.id;
    const offset = this.#isRecoverable ? this.#offset : undefined;
    const recovery = stranger ? { pid: undefined, offset: undefined } : offset && { offset };
    answer({ ...(!session.isCookie && { token }), ...recovery });
  }

  /** B13: one acknowledged packet. Refused or unanswered, it leaves the connection as it was, until the server cuts it. */
  #renew(): void {
    const { session, sealed } = this.#context;
    const { socket } = this;
    const { engine } = socket.io;
    const outlook = session.outlook();
    if (outlook.status !== "ready" || this.connectedWith === undefined) return;
    // Past the `retries` queue there is only the volatile way, which drops what cannot be written at once.
    if (sealed && !engine.transport.writable) {
      engine.once("drain", () => this.#renew());
      return;
    }
    const { grant } = outlook;
    const { accessToken: token } = grant;
    const renewed = (error: unknown, answer: unknown) => {
      const { expiresIn } = Object(answer);
      if (error || !(expiresIn > 0)) return;
      this.#machine.send({ type: "renewed", grant });
      session.accepted(token);
      session.measured(token, expiresIn);
    };
    // S1: the app's onAnyOutgoing listeners would print the token.
    const watching = [...socket.listenersAnyOutgoing()];
    socket.offAnyOutgoing();
    (sealed ? socket.volatile : socket).timeout(RENEWAL_TIMEOUT).emit(RENEW_EVENT, { token }, renewed);
    for (const listener of watching) socket.onAnyOutgoing(listener);
  }

  #dropPrevious(): void {
    const code = this.#context.session.token === undefined ? "signed_out" : "user_changed";
    this.#purge(new AuthSocketError(code, "this was the previous user's to send, and was dropped"));
  }

  #purge(error: Error): void {
    for (const reject of this.#unacknowledged) reject(error);
    this.#unacknowledged.clear();
    this.socket.sendBuffer = [];
    this.socket.receiveBuffer = [];
  }
}

function toPublic(state: State): AuthSocketState {
  switch (state.status) {
    case "idle":
    case "signedOut":
      return { status: state.status, ...(state.error && { error: state.error }) };
    case "refused":
      return state;
    case "connected":
      return { status: "connected", id: state.id, recovered: state.recovered };
    case "starting":
    case "opening":
    case "awaiting":
    case "parked":
    case "delayed": {
      const { attempt, error } = state;
      return {
        status: "connecting",
        attempt,
        ...(error && { error }),
        ...("retryAt" in state && { retryAt: state.retryAt }),
      };
    }
    default:
      return state satisfies never;
  }
}
