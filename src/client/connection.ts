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
import { defined } from "./core/defined.ts";
import { AuthSocketError } from "./core/errors.ts";
import { type ConnectError, unavailableFor } from "./core/refusal.ts";
import type { TokenOutlook, User } from "./core/session-machine.ts";
import { withoutJwt } from "./core/token-set.ts";
import { Machine, type MachineOwner } from "./machine.ts";
import { type Outbox, openOutbox } from "./outbox.ts";
import { letGo, own, type SocketOwner } from "./owned-socket.ts";
import { CONNECT, CONNECT_ERROR, type Packet } from "./packet.ts";
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
  readonly isTokenRefused: (error: ConnectError) => boolean;
  /** Socket.IO's `retries` is on, whose queue nobody can empty (T6) */
  readonly sealed: boolean;
  /** How a connection gets a new token where the server does not say that it renews in band (B13). */
  readonly renewsBy: "swap" | "cut";
  /** Replaces the engine beneath all sockets, once it is drained. */
  swap(): void;
  /** For a cookie: whether the engine has seen it. One that has not is replaced, drained first. */
  reopened(renewal: string): boolean;
  /** Throws where the page itself is no safe place for a token (S3). */
  admit(): void;
}

/** T10: what the offsets of Socket.IO's adapters look like, in memory and in Redis streams. */
const OFFSET = /^([\w-]{7}(\.[\w-]+)?|\d{13,}-\d+)$/;

/** ms after which a server has taken in a DISCONNECT. It takes a CONNECT that comes together with one for a second one. */
const SETTLE = 50;

/** ms that a server has to answer `auth:renew`; without an answer the connection lives until its old expiry. */
const RENEWAL_TIMEOUT = 10_000;

/** Runs the connection machine over one Socket.IO Socket, by its public members only. */
export class Connection
  implements SessionClient, SocketOwner, MachineOwner<ConnectionEvent, ConnectionEffect>
{
  readonly published = new PublishedState<AuthSocketState>({ status: "idle" });
  readonly socket: Socket;
  readonly namespace: string;
  readonly #session: Session;
  readonly #context: ConnectionContext;
  readonly #machine = new Machine<State, ConnectionEvent, ConnectionEffect>(
    { status: "idle" },
    transition,
    this,
  );
  /** Few ever need one. */
  #alarm: Alarm | undefined;
  /** Answers Socket.IO's question for the CONNECT payload; there is one question an engine (B12). */
  #answer: ((payload: object) => void) | undefined;
  /** T4: the engine on which a CONNECT of this Socket is unanswered; a second one would cost the engine. */
  #unanswered: Manager["engine"] | undefined;
  /** The Manager is telling of its close. */
  #closing: Promise<void> | undefined;
  /** The namespace is opened when neither stands in the way any more. */
  #isPostponed = false;
  unacknowledged: SocketOwner["unacknowledged"];
  /** For the engine swap alone. */
  readonly outbox: Outbox | undefined;
  /** T10: where recovery is to go on from. Socket.IO takes the last text of any event for it, of volatile ones too. */
  #offset: string | undefined;
  #isRecoverable = false;
  #user: User;
  /** Who the server last knew this Socket as: its recovery is theirs alone (T6). */
  #known: User | undefined;

  constructor(socket: Socket, namespace: string, session: Session, context: ConnectionContext) {
    this.socket = socket;
    this.namespace = namespace;
    this.#session = session;
    this.#context = context;
    this.#user = session.user;
    own(socket, this);
    if (context.renewsBy === "swap") this.outbox = openOutbox(socket, context.sealed);
    session.join(this);
  }

  get #state(): State {
    return this.#machine.state;
  }

  get #outlook(): TokenOutlook {
    return this.#session.outlook();
  }

  get #now(): number {
    return this.#session.platform.now();
  }

  #send(event: ConnectionEvent): void {
    this.#machine.send(event);
  }

  get connectedWith(): string | undefined {
    const state = this.#state;
    return state.status === "connected" ? state.grant.accessToken : undefined;
  }

  get isInDemand(): boolean {
    return isInDemand(this.#state);
  }

  connect(): void {
    this.#context.admit();
    this.#send({ type: "connect" });
  }

  disconnect(): void {
    this.#send({ type: "disconnect" });
  }

  changed(): void {
    const outlook = this.#outlook;
    const { id } = this.#user;
    this.#user = this.#session.user;
    if (id > 0 && id !== this.#user.id)
      this.#send({ type: "userChanged", outlook, sealed: this.#context.sealed });
    else this.#send({ type: "session", outlook });
  }

  dispose(): void {
    this.disconnect();
    this.#purge(new Error("the AuthSocket was disposed of"));
    this.#session.leave(this);
    this.outbox?.dispose();
    letGo(this.socket);
    this.published.clear();
  }

  /** A packet of this namespace, before Socket.IO looks at it. */
  heard({ type, data }: Packet): void {
    switch (type) {
      case CONNECT:
        // A server without recovery gives no pid, and is sent no offset.
        this.#isRecoverable = !!Object(data).pid;
        if (this.#hasLeft) this.#leaveAgain();
        break;
      case CONNECT_ERROR:
        if (this.#hasLeft) this.#answered();
        break;
      default:
        if (Array.isArray(data)) this.#heardEvent(data);
    }
  }

  #heardEvent(data: unknown[]): void {
    const last = data[data.length - 1];
    if (this.#isRecoverable && typeof last === "string" && OFFSET.test(last)) this.#offset = last;
    const [event, payload] = data;
    switch (event) {
      case SESSION_EVENT:
        this.#measured(payload, true);
        break;
      case EXPIRING_EVENT:
        this.#measured(payload, false);
        break;
      case REVOKED_EVENT:
      case FORCE_DISCONNECT_EVENT:
        this.#revoked(payload);
        break;
    }
  }

  #revoked(reason: unknown): void {
    if (this.#state.status !== "connected") return;
    const text = String(Object(reason).reason ?? reason ?? "no reason given");
    const message = `the server has revoked this connection: ${withoutJwt(text)}`;
    this.#send({ type: "revoked", error: new AuthSocketError("revoked", message), now: this.#now });
  }

  /** Socket.IO tries once more to reach the server. */
  retried(): void {
    this.#send({ type: "retried" });
  }

  gaveUp(): void {
    this.#send({ type: "gaveUp" });
  }

  asked(answer: (payload: object) => void): void {
    const { active, io } = this.socket;
    // Left, or left and connected anew, by a listener of the very event that Socket.IO is still telling others of.
    if (!active || io.engine.readyState !== "open") return;
    this.#answer = answer;
    this.#send({ type: "asked", outlook: this.#outlook, now: this.#now });
  }

  /** T4: whether what the server says is said to a Socket that has left in the meantime. */
  get #hasLeft(): boolean {
    return !!this.#unanswered && !this.socket.active;
  }

  /** Connected after all: only now would the server understand a DISCONNECT. A stand-in says it, and the app hears nothing. */
  #leaveAgain(): void {
    const ghost = new Socket(this.socket.io, this.namespace);
    ghost.connected = true;
    ghost.disconnect();
    const engine = this.#unanswered;
    const settled = () => {
      if (this.#unanswered === engine) this.#answered();
    };
    this.#session.platform.setTimeout(settled, SETTLE);
  }

  #answered(): void {
    this.#unanswered = undefined;
    this.#goOn();
  }

  /**
   * T11: an engine that is opened in the midst of the Manager's "close" is never reconnected later, since the Manager goes on
   * to schedule a reconnect that finds it open.
   */
  closed(): void {
    this.#unanswered = undefined;
    this.#closing ??= Promise.resolve().then(() => {
      this.#closing = undefined;
      this.#goOn();
    });
  }

  #open(): void {
    this.#isPostponed = !!(this.#unanswered || this.#closing);
    if (!this.#isPostponed) Socket.prototype.connect.call(this.socket);
  }

  #goOn(): void {
    if (this.#isPostponed) this.#open();
  }

  accepted(): void {
    this.#unanswered = undefined;
    const { id = "", recovered } = this.socket;
    this.#known = this.#user;
    const { renewsBy: renewal } = this.#context;
    this.#send({ type: "accepted", id, recovered: !!recovered, renewal, now: this.#now });
    if (this.connectedWith) this.#session.accepted(this.connectedWith);
    // The session may have renewed its token while this one was being looked at.
    this.#send({ type: "session", outlook: this.#outlook });
  }

  /** What recovery replays before `connect` was said of an earlier connection. */
  #measured(payload: unknown, inBand: boolean): void {
    const session = this.#session;
    const { expiresIn } = Object(payload);
    const token = this.connectedWith;
    if (token === undefined || !(expiresIn > 0)) return;
    if (inBand) session.measured(token, expiresIn);
    else session.expiring(token, expiresIn);
    this.#send({ type: "measured", inBand, outlook: this.#outlook });
  }

  failed(error: ConnectError): void {
    this.#unanswered = undefined;
    // A Socket that is still active has met a failing engine, not the server's refusal (T14).
    if (this.socket.active) this.#lost();
    else this.#refused(error);
  }

  #refused(error: ConnectError): void {
    const session = this.#session;
    session.read(); // B8
    const state = this.#state;
    const token = state.status === "opening" ? state.grant?.accessToken : undefined;
    const retryAfter = unavailableFor(error);
    if (token !== undefined && this.#context.isTokenRefused(error)) {
      const message = `the server has refused the access token: ${withoutJwt(error.message)}`;
      if (session.isServed(token)) {
        this.#bar("token_rejected", message, error);
      } else {
        session.refused(token, new AuthSocketError("token_rejected", message, { cause: error }));
        this.#send({ type: "tokenRefused", outlook: this.#outlook });
      }
    } else if (retryAfter !== undefined && "attempt" in state) {
      const now = this.#now;
      const retryAt = Math.max(now + retryAfter, session.retryAt(state.attempt - 1));
      this.#send({ type: "unavailable", now, retryAt });
    } else {
      this.#bar("forbidden", `the server has refused the connection: ${withoutJwt(error.message)}`, error);
    }
  }

  disconnected(reason: string): void {
    this.#answer = undefined;
    if (reason === "io server disconnect") this.#cut();
    else if (reason !== "io client disconnect") this.#lost();
  }

  /** The transport is gone: Socket.IO sees to it, unless it was told not to (T15: connected or not). */
  #lost(): void {
    this.#send({ type: this.socket.io.reconnection() ? "lost" : "gaveUp" });
  }

  #cut(): void {
    const session = this.#session;
    const state = this.#state;
    const token = this.connectedWith;
    const now = this.#now;
    if (state.status === "connected" && state.revoked) {
      this.#send({ type: "barred", error: state.revoked.error });
    } else if (token !== undefined && isCutOverToken(state, session.token, now)) {
      session.cut(token);
      this.#send({ type: "cut", outlook: this.#outlook, now });
    } else {
      this.#bar("kicked", "the server has disconnected this socket, though its token was good");
    }
  }

  #bar(code: "revoked" | "kicked" | "forbidden" | "token_rejected", message: string, cause?: Error): void {
    this.#send({ type: "barred", error: new AuthSocketError(code, message, cause && { cause }) });
  }

  #tick(): void {
    this.#send({ type: "tick", outlook: this.#outlook, now: this.#now });
    this.#setAlarm();
  }

  #setAlarm(): void {
    const due = tickDueAt(this.#state);
    if (due !== undefined) this.#alarm ??= new Alarm(this.#session.platform, () => this.#tick());
    this.#alarm?.set(due);
  }

  done(effects: ConnectionEffect[]): void {
    const session = this.#session;
    const state = this.#state;
    session.watch();
    this.#setAlarm();
    // B16: dropped before anybody hears of the new user; the rest after, since Socket.IO's events should find the new state.
    if (effects.includes("purge")) {
      const code = session.token === undefined ? "signed_out" : "user_changed";
      this.#purge(new AuthSocketError(code, "this was the previous user's to send, and was dropped"));
    }
    this.published.publish(toPublic(state));
    for (const effect of effects) this.#carryOut(effect);
  }

  #carryOut(effect: ConnectionEffect): void {
    switch (effect) {
      case "purge":
        break;
      case "prepare":
        this.#session.prepare();
        this.#send({ type: "prepared", outlook: this.#outlook });
        break;
      case "close":
        this.#answer = undefined;
        this.#isPostponed = false;
        Socket.prototype.disconnect.call(this.socket);
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
    const state = this.#state;
    const answer = this.#answer;
    if (state.status !== "opening" || !state.grant || !answer) return;
    this.#answer = undefined;
    const { accessToken: token } = state.grant;
    const session = this.#session;
    // The engine was opened with an earlier cookie, and will not see another one.
    if (session.isCookie && !this.#context.reopened(token)) return;
    this.#unanswered = this.socket.io.engine;
    // T6: one user's connection state is not another's to recover. These two override Socket.IO's own.
    const stranger = this.#known && this.#known.id !== this.#user.id;
    const offset = this.#isRecoverable ? this.#offset : undefined;
    const recovery = stranger ? { pid: undefined, offset: undefined } : offset && { offset };
    answer({ ...(!session.isCookie && { token }), ...recovery });
  }

  /** B13: one acknowledged packet. Refused or unanswered, it leaves the connection as it was, until the server cuts it. */
  #renew(): void {
    const session = this.#session;
    const { sealed } = this.#context;
    const { socket } = this;
    const { engine } = socket.io;
    const outlook = this.#outlook;
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
      this.#send({ type: "renewed", grant });
      session.accepted(token);
      session.measured(token, expiresIn);
    };
    // S1: the app's onAnyOutgoing listeners would print the token.
    const watching = [...socket.listenersAnyOutgoing()];
    socket.offAnyOutgoing();
    (sealed ? socket.volatile : socket).timeout(RENEWAL_TIMEOUT).emit(RENEW_EVENT, { token }, renewed);
    for (const listener of watching) socket.onAnyOutgoing(listener);
  }

  #purge(error: Error): void {
    for (const reject of this.unacknowledged ?? []) reject(error);
    this.unacknowledged?.clear();
    this.socket.sendBuffer = [];
    this.socket.receiveBuffer = [];
  }
}

function toPublic(state: State): AuthSocketState {
  switch (state.status) {
    case "idle":
    case "signedOut":
      return defined({ status: state.status, error: state.error });
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
      const retryAt = "retryAt" in state ? state.retryAt : undefined;
      return defined({ status: "connecting", attempt, error, retryAt });
    }
    default:
      return state satisfies never;
  }
}
