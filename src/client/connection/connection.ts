import type { Socket } from "socket.io-client";
import { EXPIRING_EVENT, FORCE_DISCONNECT_EVENT, REVOKED_EVENT, SESSION_EVENT } from "../../protocol.ts";
import { AuthSocketError } from "../errors.ts";
import { Observable } from "../observable.ts";
import { wallClockTimer } from "../platform/wall-clock-timer.ts";
import type { Demand, SessionClient } from "../session/clients.ts";
import type { Session } from "../session/session.ts";
import type { TokenView } from "../session/session-state.ts";
import type { User } from "../token/user.ts";
import { type AckTracker, trackAcks } from "./ack-tracker.ts";
import { ConnectPace } from "./connect-pace.ts";
import {
  type Attempt,
  type AuthSocketState,
  attemptOf,
  type Credential,
  dueAt,
  FIRST_ATTEMPT,
  isAtRest,
  isBarred,
  isGuest,
  isSealed,
  isUnderWay,
  nextAttempt,
  type Refused,
  type Retry,
  type State,
  tokenOf,
  toSocketState,
} from "./connection-state.ts";
import { readCut, recentCuts } from "./cut.ts";
import { Guest, type View } from "./guest.ts";
import { readExpiresIn, renewInBand } from "./in-band-renewal.ts";
import type { NamespaceGate } from "./namespace-gate.ts";
import type { AuthSocketOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { CONNECT, CONNECT_ERROR, type Packet } from "./packet.ts";
import { connectPayload, unsendable } from "./payload.ts";
import { RecoveryCursor } from "./recovery-cursor.ts";
import { AT_ONCE, answerRefusal, type ConnectError, isTokenRefused } from "./refusal.ts";
import {
  closed,
  httpStatus,
  kicked,
  refused,
  refusedAgain,
  revoked,
  stillAnothers,
  unanswered,
  unreachable,
  unsent,
} from "./socket-errors.ts";
import { disposed, patchSocket, type SocketOwner, type SocketPatch } from "./socket-patch.ts";

/** What the sockets of one Manager share. */
export interface ConnectionContext {
  readonly options: AuthSocketOptions;
  /** Socket.IO's `retries` is on, whose queue nobody can empty (T6) */
  readonly hasQueue: boolean;
  /** How a connection gets a new token where the server does not say that it renews in band (B13). */
  readonly renewal: "reconnect" | "cut";
  /** Replaces the engine beneath all sockets, once it is drained. */
  reconnectGracefully(): void;
  /** A socket is about to open the engine, where none is open yet. */
  opening(): void;
  /** For a cookie: whether the engine has seen it. One that has not is replaced, drained first. */
  hasSeen(renewal: string | undefined): boolean;
  /** Throws where the page itself is no safe place for a token (S3), or where there is no page for a relative URL. */
  admit(): void;
  /** Who asks for a refresh because the handshake was refused (B24). All sockets meet the same one. */
  readonly handshake: object;
  /** The same where no status was seen: a 401 that follows an outage is told by the server itself. */
  readonly outage: object;
  /** Whether another socket of this Manager is connected. */
  hasSibling(connection: Connection): boolean;
}

/** B12: ms that an engine is held open for a token. */
const AWAIT_TIMEOUT = 10_000;

/** B24: ms for the server to answer a CONNECT; `unanswered` says so. */
const CONNECT_TIMEOUT = 20_000;

/** ms that a server has to disconnect a socket which it has revoked. Both at once would cost the siblings their engine. */
const REVOKE_TIMEOUT = 2_000;

/** B7: ms between two attempts with a token that is refused again and again, at most. */
const LONGEST_BACKOFF = 60_000;

/** ms between two retries by a wake-up, and over which each is spread at random (B27). */
const WAKE_REST = 10_000;
const WAKE_SPREAD = 1_000;

/** ms that a connection must last to show that its token is good, where the server does not say so. */
const PROVEN = 10_000;

/** B24: failed handshakes in a row, without a status, after which a cookie is refreshed. */
const BLIND_FAILURES = 3;

/** What a connection begins with: any good token; another than the refused one, within the budget (B14, B27); a new one. */
type Wants = "any" | "another" | "new";

/** B26: whether an event says that the server has refused the token. */
type Refuses = (...args: unknown[]) => boolean;

/** What the session says while there is no token. */
type Waiting = Exclude<TokenView, { status: "ready" | "signedOut" }>;

/** Runs one Socket.IO Socket, by members that no build of Socket.IO renames. Its states are drawn in connection-state.ts. */
export class Connection implements SessionClient, SocketOwner {
  readonly observable: Observable<AuthSocketState>;
  readonly socket: Socket;
  readonly namespace: string;
  readonly tracker: AckTracker;
  readonly #session: Session;
  readonly #context: ConnectionContext;
  readonly #patch: SocketPatch;
  readonly #gate: NamespaceGate;
  readonly #outbox: Outbox;
  readonly #guest: Guest;
  readonly #pace = new ConnectPace();
  readonly #cursor: RecoveryCursor;
  readonly #setTimer: (at: number | undefined) => void;
  #state: State = { status: "idle" };
  /** Answers Socket.IO's question for the CONNECT payload; there is one question an engine (B12). */
  #answer: ((payload: object) => void) | undefined;
  #user: User;
  /** B16: what was the previous user's has been given up, and the next one is still to be followed. */
  #dropped: { wasGuest: boolean } | undefined;
  /** It was connected when that was given up, and still has to take leave of the server. */
  #wasConnected = false;
  /** Whom the server has let in last without recovery, in which it may ask nobody. */
  #admittedWith: Credential | undefined;
  #wokenAt = Number.NEGATIVE_INFINITY;
  /** The events that the server refuses, as one who asks for a refresh: that it has taken CONNECT says nothing of them (B26). */
  readonly #events = {};
  /** When the server has cut this user's connections lately (B14). */
  #cuts: readonly number[] = [];

  /** @param isPlain whether the app has had the Socket before, as a plain one */
  constructor(
    socket: Socket,
    gate: NamespaceGate,
    session: Session,
    context: ConnectionContext,
    isPlain: boolean,
  ) {
    this.socket = socket;
    this.namespace = gate.namespace;
    this.#session = session;
    this.#context = context;
    this.#user = session.user;
    this.#guest = new Guest(session, !!context.options.anonymous, context.hasQueue);
    this.observable = new Observable<AuthSocketState>({ status: "idle" }, session.reactions);
    this.#setTimer = wallClockTimer(session.platform, () => this.#tick());
    this.#cursor = new RecoveryCursor(isPlain);
    this.#gate = gate;
    gate.serve(socket, () => this.#open());
    const { report } = session.platform;
    this.tracker = trackAcks(socket, context.hasQueue, report);
    this.#patch = patchSocket(socket, this, context.hasQueue, report);
    this.#outbox = new Outbox(socket, this.#patch);
    session.join(this);
  }

  get #now(): number {
    return this.#session.platform.now();
  }

  get #view(): View {
    return this.#guest.view;
  }

  get connectedWith(): string | undefined {
    const state = this.#state;
    return state.status === "connected" && state.credential !== "guest"
      ? state.credential.accessToken
      : undefined;
  }

  get isConnected(): boolean {
    return this.#state.status === "connected";
  }

  get demand(): Demand {
    const state = this.#state;
    if (state.status === "idle") return this.#isRetriedOnWakeUp ? "wakeUp" : "nothing";
    // B4: also where it is refused. It may wait for a newer token (B15), or the endpoint may end the session as well.
    return state.status === "signedOut" || isBarred(state) ? "nothing" : "token";
  }

  // What the app asks for.

  connect(): void {
    this.#connect("any");
  }

  #connect(wants: Wants): void {
    const state = this.#state;
    // A retry that nobody has seen is one that the app has asked for from now on.
    if ("veil" in state && state.veil) this.#decide({ ...state, veil: undefined, atOnce: 0 });
    if (!isAtRest(state) || isSealed(state)) return;
    try {
      this.#context.admit();
      this.#session.admit();
    } catch (error) {
      if (!(error instanceof AuthSocketError)) throw error;
      this.#session.warn(error.message);
      // Said once, or a listener that connects at each refusal would never come to an end (B11).
      if (state.error?.code !== error.code) this.#stop(error, "never");
      return;
    }
    if (state.status === "signedOut" && !this.#guest.isRefused) {
      // It is to connect as soon as somebody is signed in: whom the store may have by now (B8).
      this.#session.prepare();
      return;
    }
    this.#guest.asked();
    const at = this.#pace.putOffUntil(this.#now);
    if (at !== undefined) {
      // What is asked for ahead has not been tried.
      if (wants === "new") this.#tried = undefined;
      this.#delay(FIRST_ATTEMPT, at, state.error, "dueAt");
      if (wants === "new") this.#renewAhead();
    } else this.#begin(FIRST_ATTEMPT, wants === "any" && state.status === "refused" ? "another" : wants);
  }

  #begin(attempt: Attempt, wants: Wants): void {
    const start = () => {
      if (this.#state.status === "starting") this.#start(attemptOf(this.#state));
    };
    this.#decide({ status: "starting", ...attempt }, () => {
      this.#session.prepare();
      const token = this.#session.currentToken;
      if (wants === "another" && token !== undefined && this.#view.status === "ready")
        this.#session.refreshes.replace(this, token);
      // Where none is to be had for now, the one that is there may serve.
      const isToCome = token !== undefined && this.#session.state.status !== "waiting";
      if (wants === "new" && isToCome) this.#force().then(start, start);
      else start();
    });
  }

  disconnect(): void {
    // Also where Socket.IO gave up: it still has the Socket in hand, and a sibling's connect() would bring it back.
    if (isSealed(this.#state)) return;
    this.#prove();
    this.#decide({ status: "idle" }, this.#close);
  }

  reconnect(): void {
    const state = this.#state;
    if (state.status === "connected") {
      const view = this.#view;
      if (this.socket.io.reconnection())
        this.#decide({ ...state, renewal: "reconnect", renewing: undefined });
      const isNewer = view.status === "ready" && tokenOf(view.credential) !== tokenOf(state.credential);
      // Also where the refresh brings the same token. Once an engine, if the new one has caused it already.
      const swap = () => {
        if (this.isConnected) this.#context.reconnectGracefully();
      };
      if (isGuest(state.credential) || isNewer) this.#queue(swap);
      else this.#force().then(swap, () => {}); // the state of the session says why
    } else if (isAtRest(state)) this.#connect("new");
    else {
      // A retry that nobody has seen is seen from now on.
      this.#connect("any");
      if (state.status === "delayed" && this.#pace.putOffUntil(this.#now) === undefined) this.#renewAhead();
    }
  }

  /** For an attempt that is still to wait. */
  #renewAhead(): void {
    this.#force().catch(() => {});
  }

  #force(): Promise<string> {
    return this.#session.getToken({ force: true });
  }

  dispose(): void {
    // First: a listener of what follows may connect, and nothing that is asked for from here on would be answered (B18).
    this.#patch.detach();
    this.disconnect();
    this.#outbox.discard(disposed());
    this.tracker.release();
    this.#session.leave(this);
    this.#setTimer(undefined);
    this.observable.clear();
  }

  // What the session says.

  drop(wasSignedIn: boolean): void {
    const { socket } = this;
    const wasGuest = !wasSignedIn && this.#guest.role === "guest";
    const { id } = this.#user;
    // Now, since the app may have signed in two users before its turn comes.
    this.#user = this.#session.user;
    // The first sign-in of all takes over what waits, though not a guest's connection (B21).
    if (id === 0 && !(wasGuest && socket.connected)) return;
    this.#cuts = [];
    this.#wasConnected ||= socket.connected;
    this.#dropped = { wasGuest: wasGuest && this.#dropped?.wasGuest !== false };
    // What the app emits from here on is the next user's, and waits for the next connection.
    socket.connected = false;
    // B21: what a guest has typed is the user's to send. Only the connection is another's.
    if (wasGuest) this.#outbox.restore(this.#session.user.id);
    else {
      const code = this.#session.currentToken === undefined ? "signed_out" : "user_changed";
      this.#outbox.discard(unsent(code));
    }
  }

  discard(): void {
    // B21: a guest stays one.
    if (this.#guest.role !== "guest") this.#outbox.discard(unsent("signed_out"));
  }

  follow(): void {
    const before = this.#guest.role;
    this.#guest.follow();
    const { role } = this.#guest;
    const view = this.#view;
    this.#user = this.#session.user;
    const dropped = this.#dropped;
    this.#dropped = undefined;
    if (dropped) {
      this.#changeUser(view, dropped.wasGuest);
      return;
    }
    // While it is connected, its acknowledgements go with the connection.
    if (before !== role && this.#state.status !== "connected") {
      if (role === "guest") this.#outbox.setAside(this.#user.id);
      else this.#outbox.restore(this.#user.id);
    }
    // B21: a guest whom the server did not want waits for a sign-in, however it comes.
    if (before === "guest" && role === "user") this.signedIn();
    this.#followToken(view);
  }

  /** B16: nothing that one user left in the Socket reaches the next. */
  #changeUser(view: View, wasGuest: boolean): void {
    const state = this.#state;
    const isNewUser = view.status !== "signedOut";
    // In any state: the app may have left and come back since, and the previous user's connection be still open (B12).
    if (isBarred(state)) this.#close();
    else if (this.#context.hasQueue && isNewUser && !wasGuest) {
      const error = stillAnothers();
      this.#patch.seal(error);
      this.#stop(error, "never");
    } else if (state.status === "idle") this.#close();
    else this.#start(FIRST_ATTEMPT, this.#close);
  }

  #followToken(view: View): void {
    const state = this.#state;
    const { status } = state;
    if (status === "idle") return;
    if (status === "refused") {
      // B21: as a guest, too, once the user's session is over.
      const isOther = view.status === "ready" && tokenOf(view.credential) !== this.#tried;
      if (state.retry === "newerToken" && isOther) this.#retryInTime(state);
      return;
    }
    // B21: a refused guest waits for a sign-in.
    if (status === "signedOut" && this.#guest.isRefused && view.status !== "ready") return;
    if (view.status === "signedOut") {
      this.#decide({ status: "signedOut", error: view.error }, this.#close);
      return;
    }
    switch (status) {
      case "signedOut":
        this.#cuts = []; // they were another sign-in's
        this.#start(FIRST_ATTEMPT);
        break;
      case "waitingForToken":
        // That the refresh has failed once more is no other attempt to connect.
        if (view.status !== "pending")
          this.#start(view.status === "ready" ? nextAttempt(state) : attemptOf(state));
        break;
      case "awaiting":
        if (view.status === "ready") this.#sendCredential(attemptOf(state), view.credential);
        else if (view.status === "failing") this.#waitForToken(attemptOf(state), view, this.#close);
        break;
      case "opening":
        // Before CONNECT: an engine without a token in sight is of no use (B12).
        if (view.status === "failing" && !state.credential)
          this.#waitForToken(attemptOf(state), view, this.#close);
        // B21: the CONNECT of a guest is under way, or of a user who is none any more.
        else if (
          view.status === "ready" &&
          state.credential &&
          isGuest(state.credential) !== isGuest(view.credential)
        )
          this.#start(attemptOf(state), this.#close);
        break;
      case "delayed":
        // What it waits to try again with has been replaced.
        if (
          state.waitsFor === "dueAtOrToken" &&
          view.status === "ready" &&
          this.#tried !== undefined &&
          tokenOf(view.credential) !== this.#tried
        ) {
          this.#start(nextAttempt(state));
        }
        break;
      case "connected":
        this.#renew(state, view);
        break;
      case "starting":
        break;
      default:
        status satisfies never;
    }
  }

  /** The token that the server has refused last. */
  #tried: string | undefined;

  /** B13: an open connection is given the session's token where it still has an older one. */
  #renew(state: State & { status: "connected" }, view: View): void {
    if (view.status !== "ready") return;
    const { credential } = view;
    if (isGuest(credential) !== isGuest(state.credential)) {
      this.#changeIdentity(state, credential);
      return;
    }
    if (isGuest(credential) || isGuest(state.credential)) return;
    const token = credential.accessToken;
    if (token === state.credential.accessToken) {
      // The refresh has brought the same token again: what is held must go out with it.
      if (state.isHeld) {
        this.#decide({ ...state, credential, isHeld: false }, () => this.#context.reconnectGracefully());
      }
      // The same token, though the session may know more of it by now.
      else if (credential !== state.credential) this.#decide({ ...state, credential });
      return;
    }
    if (state.renewal === "cut" || state.renewing === token) return;
    const renewing: State = { ...state, renewing: token };
    if (state.renewal === "reconnect") this.#decide(renewing, () => this.#context.reconnectGracefully());
    else this.#decide(renewing, () => this.#renewInBand(credential.accessToken));
  }

  /** B21: a guest signs in, or a user's session is over: a new connection, as the other. */
  #changeIdentity(state: State & { status: "connected" }, next: Credential): void {
    const { id } = this.#session.user;
    if (next !== "guest") this.#outbox.restore(id);
    this.#start(attemptOf(state), () => {
      this.#close();
      if (next === "guest") this.#outbox.setAside(id);
    });
  }

  signedIn(): void {
    const state = this.#state;
    if (state.status === "refused" && state.retry !== "never") this.#retryInTime(state);
    // B21: it is not known yet who has signed in, in another tab.
    else if (state.status === "signedOut" && this.#guest.isRefused) this.#connect("any");
  }

  /** T13: an app may sign in, or force a refresh, at each refusal. */
  #retryInTime(state: Refused): void {
    const dueAt = this.#pace.putOffUntil(this.#now);
    if (dueAt === undefined) this.#retry(state);
    else this.#decide({ ...state, dueAt });
  }

  wokeUp(): void {
    const state = this.#state;
    if (!this.#isRetriedOnWakeUp || (state.status !== "idle" && state.status !== "refused")) return;
    const now = this.#now;
    if (state.dueAt !== undefined || (now >= this.#wokenAt && now - this.#wokenAt < WAKE_REST)) return;
    this.#wokenAt = now;
    this.#decide({ ...state, dueAt: now + this.#session.platform.random() * WAKE_SPREAD });
  }

  get #isRetriedOnWakeUp(): boolean {
    const state = this.#state;
    if (!this.socket.io.reconnection()) return false;
    return state.status === "idle"
      ? state.error?.code === "unreachable"
      : state.status === "refused" && state.retry === "newerToken";
  }

  /** B27: tried again, and shown as refused until the server accepts it. */
  #retry(refused: Refused): void {
    const veil: Refused = { ...refused, dueAt: undefined };
    // T13: one try with each newer token, which a store may bring each time.
    this.#begin({ ...FIRST_ATTEMPT, atOnce: AT_ONCE, veil }, "any");
  }

  // What Socket.IO says.

  /** A packet of this namespace, before Socket.IO looks at it. */
  heard(packet: Packet): void {
    const { type, data, id } = packet;
    // What Socket.IO tells nobody of has not been received. A connection that was left before it was accepted ends for good,
    // too, with what the server has brought back for it (T4).
    if (!this.socket.active) {
      if (type === CONNECT) this.#cursor.left();
      return;
    }
    if (type === CONNECT) this.#cursor.accepted(data);
    // B9: Socket.IO would throw at a refusal that says nothing, and tell nobody of it.
    if (type === CONNECT_ERROR) packet.data ??= {};
    if (!Array.isArray(data)) return;
    // One that the server wants acknowledged has no offset.
    if (id === undefined) this.#cursor.received(data);
    this.#heardEvent(data);
  }

  #heardEvent(data: unknown[]): void {
    const [event, ...args] = data;
    switch (event) {
      case SESSION_EVENT:
        this.#measured(args[0], true);
        break;
      case EXPIRING_EVENT:
        this.#measured(args[0], false);
        break;
      case REVOKED_EVENT:
        this.#revoked(args[0]);
        break;
      case FORCE_DISCONNECT_EVENT:
        this.#forced(args[0]);
        break;
    }
    // B26: a name that the table has from its prototype is none of the app's.
    const { refusalEvents = {} } = this.#context.options;
    const isRefused = new Map<unknown, Refuses>(Object.entries(refusalEvents)).get(event);
    if (isRefused) this.#eventRefused(String(event), isRefused, args);
  }

  /** What recovery replays comes before `connect`, and was said of an earlier connection. */
  #measured(payload: unknown, isHello: boolean): void {
    const session = this.#session;
    const expiresIn = readExpiresIn(payload);
    const token = this.connectedWith;
    if (token === undefined || expiresIn === undefined) return;
    // A server that says hello has verified the token.
    if (isHello) {
      this.#served();
      if (this.#state.status === "connected") this.#admittedWith = this.#state.credential;
    }
    session.measured(token, expiresIn, !isHello);
    const state = this.#state;
    if (state.status !== "connected") return;
    const renewal = isHello && state.renewal === "cut" ? "inBand" : state.renewal;
    this.#decide({ ...state, renewal, renewing: undefined }, this.#follow);
  }

  #revoked(reason: unknown): void {
    const state = this.#state;
    if (state.status !== "connected") return;
    this.#decide({ ...state, revoked: revoked(reason), dueAt: this.#now + REVOKE_TIMEOUT });
  }

  /** By itself it is the app's own event. */
  #forced(reason: unknown): void {
    const state = this.#state;
    if (state.status === "connected")
      this.#decide({ ...state, forced: { error: revoked(reason), at: this.#now } });
  }

  /** B26: the server keeps the connection, and refuses its events. */
  #eventRefused(event: string, isRefused: Refuses, args: unknown[]): void {
    const state = this.#state;
    const token = this.connectedWith;
    if (state.status !== "connected" || token === undefined) return;
    if (!this.#isTrue(isRefused, ...args) || !this.isConnected) return;
    const { status } = this.#session.refreshes.replace(this.#events, token);
    const now = this.#state;
    // The app's own function, or a listener, may have left meanwhile (B11).
    if (now.status !== "connected") return;
    if (status === "look" || status === "refreshing") {
      // What is emitted from here on would be refused, too. It waits for the next connection.
      // B13: where there is none to come, the fresh token goes to this one.
      const isHeld = this.socket.io.reconnection();
      const renewal = isHeld ? "reconnect" : now.renewal;
      if (isHeld) void this.tracker.hold();
      // B27: one that is under way there is not sent once more.
      const renewing = isHeld ? undefined : now.renewing;
      this.#decide({ ...now, renewal, renewing, isHeld }, this.#follow);
    } else {
      this.#decide({ ...now, error: now.error ?? refusedAgain(event) });
    }
  }

  /** Socket.IO tries once more to reach the server. */
  retried(): void {
    const state = this.#state;
    if (state.status === "opening") this.#decide({ ...state, attempt: state.attempt + 1 });
  }

  gaveUp(error = attemptOf(this.#state).error): void {
    const state = this.#state;
    if (!isUnderWay(state)) return;
    const { veil } = attemptOf(state);
    if (veil) this.#decide(veil);
    else this.#decide({ status: "idle", error: error?.code === "unreachable" ? error : unreachable() });
  }

  /** Socket.IO wants the CONNECT payload; also where the app opened the Manager behind an idle socket's back. */
  asked(answer: (payload: object) => void): void {
    const { active, io } = this.socket;
    // Left, or left and connected anew, by a listener of the very event that Socket.IO is still telling others of.
    // Where a sibling has kept the engine open, it has been asked already (B12).
    if (!active || io.engine.readyState !== "open" || this.#gate.isShut) return;
    const state = this.#state;
    if (state.status === "connected" || !(isUnderWay(state) || state.status === "idle")) return;
    this.#answer = answer;
    const view = this.#view;
    const before = attemptOf(state);
    // A server that is reached has still not answered what it left unanswered (an error without a cause).
    const isOver = before.error?.code === "unreachable" && before.error.cause;
    const attempt = isOver ? { ...before, error: undefined } : before;
    if (view.status === "ready") this.#sendCredential(attempt, view.credential);
    else {
      // Not released on the spot: Socket.IO is in the midst of opening its Manager.
      const patience = view.status === "pending" ? AWAIT_TIMEOUT : 0;
      this.#decide({ status: "awaiting", ...attempt, dueAt: this.#now + patience });
    }
  }

  #sendCredential(attempt: Attempt, credential: Credential): void {
    const answer = this.#answer;
    const dueAt = this.#now + CONNECT_TIMEOUT;
    this.#decide({ status: "opening", ...attempt, credential, dueAt }, () => {
      // Closed or asked anew meanwhile: that question needs no answer (T2).
      if (!answer || this.#answer !== answer) return;
      this.#answer = undefined;
      const session = this.#session;
      const token = tokenOf(credential);
      // The engine was opened with an earlier cookie, and will not see another one.
      if (session.isCookie && !this.#context.hasSeen(token)) return;
      const payload = connectPayload(this.#context.options.payload, session.isCookie ? undefined : token);
      if (payload instanceof AuthSocketError) {
        this.#stop(payload, "signIn");
        return;
      }
      if (isGuest(credential)) this.#outbox.withhold();
      else this.#outbox.restore(this.#user.id);
      const user = credential === "guest" ? -1 : this.#user.id;
      try {
        answer({ ...payload, ...this.#cursor.fields(user) });
      } catch (error) {
        this.#stop(unsendable(error), "signIn");
        return;
      }
      this.#gate.sent(user);
    });
  }

  accepted(): void {
    const state = this.#state;
    // A listener of what came before may have left, and left and connected anew (B11).
    if (!this.socket.connected || state.status !== "opening" || !state.credential) return;
    const { id = "", recovered } = this.socket;
    const { credential } = state;
    if (!recovered) this.#admittedWith = credential;
    this.#tried = undefined;
    this.#pace.accepted();
    const { renewal } = this.#context;
    const since = this.#now;
    this.#decide({ status: "connected", id, recovered: !!recovered, renewal, credential, since }, () => {
      if (this.connectedWith !== undefined) this.#session.accepted(this.connectedWith);
      this.#cursor.connected(credential === "guest" ? -1 : this.#session.user.id);
      // The session may have refreshed its token while this one was being looked at.
      this.#follow();
    });
  }

  failed(error: ConnectError): void {
    // A Socket that is still active has met a failing engine, not the server's refusal (T14).
    if (this.socket.active) this.#unreached(error);
    else this.#refused(error);
  }

  /** B24: what goes wrong below the namespace is seen. */
  #unreached(cause: ConnectError): void {
    const state = this.#state;
    if (isUnderWay(state)) {
      const status = httpStatus(cause);
      const error = unreachable(cause);
      const unreached = attemptOf(state).unreached + 1;
      this.#pace.failed();
      this.#decide({ status: "opening", ...attemptOf(state), error, unreached });
      const token = this.#session.currentToken;
      const isBlind = status === undefined && unreached >= BLIND_FAILURES;
      const isRefused = status === 401 || status === 403 || isBlind;
      if (this.#session.isCookie && token !== undefined && isRefused)
        this.#session.refreshes.replace(isBlind ? this.#context.outage : this.#context.handshake, token);
    }
    if (!this.socket.io.reconnection()) this.gaveUp();
  }

  /** What that means is decided in refusal.ts. */
  #refused(error: ConnectError): void {
    const session = this.#session;
    const before = this.#state;
    session.read(); // B8
    if (before.status !== "opening") return;
    const { credential } = before;
    // What it hears is said of an engine that it has left meanwhile (B11).
    if (!credential) {
      this.#start(attemptOf(before));
      return;
    }
    // Whoever has come meanwhile is not the one who was refused, and the app may have left (B11).
    const refusedStill = () => {
      const state = this.#state;
      const isSame = state.status === "opening" && state.credential === credential && !this.socket.active;
      return isSame ? state : undefined;
    };
    if (!refusedStill()) return;
    const token = tokenOf(credential);
    const answer = answerRefusal(error, {
      isByCode:
        token !== undefined && this.#isTrue(this.#context.options.isTokenRefused ?? isTokenRefused, error),
      replace: token === undefined ? undefined : () => session.refreshes.replace(this, token),
      servesSibling: token !== undefined && session.isServing(token),
      atOnce: before.atOnce,
    });
    const opening = refusedStill();
    if (!opening) return;
    const state = { ...opening, unreached: 0 };
    if (state.error?.code === "unreachable") state.error = undefined;
    const { refusals } = state;
    this.#tried = answer.do === "comeBack" ? undefined : token;
    switch (answer.do) {
      case "comeBack":
        this.#delay(state, session.refreshes.retryAfter(answer.after, state.attempt - 1));
        break;
      case "stayOut":
        this.#guest.refused();
        this.#pace.failed();
        this.#decide({ status: "signedOut", error: refused("forbidden", error) });
        break;
      case "reconnect":
        this.#start({ ...nextAttempt(state), atOnce: state.atOnce + 1 });
        break;
      case "wait":
        this.#delay({ ...state, atOnce: 0 }, answer.at);
        break;
      case "backOff":
        this.#delay(
          { ...state, refusals: refusals + 1, atOnce: 0 },
          this.#backOffUntil(refusals),
          refused("token_rejected", error),
          answer.waitsFor,
        );
        break;
      case "stop":
        this.#stop(refused(answer.code, error), "newerToken");
        // There may be a newer one already (B8).
        this.#queue(this.#follow);
        break;
      default:
        answer satisfies never;
    }
  }

  /** B9: an option of the app's that throws says no. */
  #isTrue<Args extends unknown[]>(option: (...args: Args) => boolean, ...args: Args): boolean {
    try {
      return option(...args) === true;
    } catch (error) {
      this.#session.platform.report(error);
      return false;
    }
  }

  /** Doubles from `retry.base` to a minute. Never at once: half of it is certain, half is spread. */
  #backOffUntil(refusals: number): number {
    const { base = 1_000 } = this.#session.options.retry ?? {};
    const { now, random } = this.#session.platform;
    const longest = Math.min(LONGEST_BACKOFF, Math.max(base, 1) * 2 ** Math.min(refusals, 30));
    return now() + (longest * (1 + random())) / 2;
  }

  disconnected(reason: string): void {
    this.#answer = undefined;
    this.tracker.lost();
    this.#outbox.lost();
    this.#prove();
    if (reason.startsWith("io ")) this.#cursor.left();
    if (reason === "io server disconnect") this.#cut();
    else if (reason !== "io client disconnect") this.#lost(reason);
  }

  /** A connection that has lasted has shown that its token is good (B27). */
  #prove(): void {
    const state = this.#state;
    if (state.status !== "connected" || this.#now - state.since < PROVEN) return;
    this.#served();
    if (!state.isHeld && !state.error) this.#session.refreshes.budget.served(this.#events);
  }

  #served(): void {
    const { handshake, outage } = this.#context;
    for (const asker of [this, handshake, outage]) this.#session.refreshes.budget.served(asker);
  }

  /** The transport is gone: Socket.IO sees to it, unless it was told not to (T15: connected or not). */
  #lost(reason: string): void {
    const state = this.#state;
    if (state.status === "connected" && state.revoked) this.#stop(state.revoked, "signIn");
    else if (!this.socket.io.reconnection()) this.gaveUp();
    else if (isUnderWay(state)) {
      // B24: what closes the engine behind each CONNECT is seen, unless it is this page.
      const isTold = state.status !== "opening" || !state.credential || reason === "forced close";
      if (!isTold) this.#pace.failed();
      const attempt = attemptOf(state);
      const error = attempt.error ?? (isTold ? undefined : closed(reason));
      this.#decide({ status: "opening", ...attempt, error });
    }
  }

  /** The server has disconnected this socket. What that means is read in cut.ts. */
  #cut(): void {
    const session = this.#session;
    const isLive = this.isConnected;
    session.read(); // B8
    const state = this.#state;
    if (!isUnderWay(state) || this.isConnected !== isLive) return;
    const now = this.#now;
    const cuts = recentCuts(this.#cuts, now);
    this.#cuts = [...cuts, now];
    if (state.status !== "connected") {
      this.#stop(kicked(), "signIn");
      return;
    }
    const { credential, revoked, forced } = state;
    const told = revoked ?? (forced && now - forced.at <= REVOKE_TIMEOUT ? forced.error : undefined);
    if (told || credential === "guest") this.#stop(told ?? kicked(), "signIn");
    else {
      const token = credential.accessToken;
      // A plain server may have verified the token of the connection that was recovered, and know the end of that one.
      const admitted = this.#admittedWith;
      const isOlder = state.recovered && state.renewal !== "inBand" && admitted && !isGuest(admitted);
      const known = session.latest(isOlder ? admitted : credential);
      const cut = readCut({ ...state, token: known, cuts }, session.currentToken, now);
      if (cut === "kicked") {
        this.#stop(kicked(), "signIn");
        return;
      }
      if (cut === "expired") session.refreshes.lapsed(known.accessToken);
      const replacement = cut === "expired" ? undefined : session.refreshes.replace(this, known.accessToken);
      // A listener may have left meanwhile (B11).
      if (!this.isConnected) return;
      const next = nextAttempt(state);
      this.#tried = token;
      if (replacement?.status === "later") this.#delay(next, replacement.at);
      else if (replacement?.status === "spent") this.#stop(kicked(), "signIn");
      else this.#start(next);
    }
  }

  // Deciding.

  /** The one place where the state changes. What follows is queued, with what it was decided on (B11). */
  #decide(next: State, ...effects: (() => void)[]): void {
    this.#state = next;
    if (next.status === "refused" || next.status === "delayed") this.#pace.failed();
    const { reactions } = this.#session;
    for (const effect of effects) reactions.react(effect);
    this.observable.next(toSocketState(next));
    this.#setTimer(this.#ringsAt);
    this.#session.watch();
    reactions.run();
  }

  get #ringsAt(): number | undefined {
    const { status } = this.#state;
    const own = dueAt(this.#state);
    const isWaiting = status === "awaiting" || status === "waitingForToken" || status === "opening";
    const guest = isWaiting ? this.#guest.dueAt : undefined;
    return own === undefined || guest === undefined ? (own ?? guest) : Math.min(own, guest);
  }

  #queue(effect: () => void): void {
    this.#session.reactions.react(effect);
    this.#session.reactions.run();
  }

  readonly #follow = (): void => this.#followToken(this.#view);

  /** By what the session has. @param before what is done first */
  #start(attempt: Attempt, ...before: (() => void)[]): void {
    const view = this.#view;
    switch (view.status) {
      case "ready":
      case "pending":
        // B16: once all sockets of the previous user have left, so that nothing which is under way for that user finds one.
        this.#decide({ status: "opening", ...attempt }, ...before, () => this.#queue(() => this.#open()));
        break;
      case "failing":
        this.#waitForToken(attempt, view, ...before);
        break;
      case "signedOut":
        this.#decide({ status: "signedOut", error: view.error }, ...before);
        break;
      default:
        view satisfies never;
    }
  }

  #open(): void {
    const state = this.#state;
    // A listener of Socket.IO's own "disconnect" may have left again (B11).
    if (!isUnderWay(state)) return;
    this.#context.opening();
    try {
      const isWaiting = this.#gate.open();
      // B24: an earlier CONNECT may wait for its answer for ever.
      if (isWaiting && state.status === "opening")
        this.#decide({ ...state, dueAt: this.#now + CONNECT_TIMEOUT });
    } catch (thrown) {
      // B9: by a transport of the app's, or for a name that no transport has. Socket.IO goes no further.
      this.#session.platform.report(thrown);
      const error = unreachable(thrown as ConnectError);
      if (this.socket.io.reconnection()) this.#putOff(error);
      else this.gaveUp(error);
    }
  }

  /** B24: the server was not reached, and Socket.IO does not try again. */
  #putOff(error: AuthSocketError): void {
    const attempt = attemptOf(this.#state);
    const unreached = attempt.unreached + 1;
    this.#decide(
      {
        status: "delayed",
        ...attempt,
        unreached,
        error,
        since: this.#now,
        dueAt: this.#backOffUntil(unreached),
        waitsFor: "dueAtOrToken",
      },
      this.#close,
    );
  }

  #delay(
    state: Attempt,
    dueAt: number,
    error = state.error,
    waitsFor: "dueAt" | "dueAtOrToken" = "dueAtOrToken",
  ): void {
    const attempt = attemptOf({ status: "starting", ...state });
    // What was refused already is shown as that, and waits for a newer token.
    if (attempt.veil && error) this.#decide(attempt.veil, this.#follow);
    else this.#decide({ status: "delayed", ...attempt, error, since: this.#now, dueAt, waitsFor });
  }

  #stop(error: AuthSocketError, retry: Retry): void {
    const { veil } = attemptOf(this.#state);
    const isVeiled = veil && retry !== "never";
    this.#decide(isVeiled ? veil : { status: "refused", error, retry }, this.#close);
  }

  #waitForToken(
    attempt: Attempt,
    { error = attempt.error, retryAt }: Waiting,
    ...before: (() => void)[]
  ): void {
    this.#decide({ status: "waitingForToken", ...attempt, error, retryAt }, ...before);
  }

  readonly #close = (): void => {
    this.#answer = undefined;
    // Socket.IO takes leave of the server only where it believes to be connected.
    if (this.#wasConnected && this.socket.active) this.socket.connected = true;
    this.#wasConnected = false;
    this.#gate.close(this.socket);
  };

  #tick(): void {
    const state = this.#state;
    const now = this.#now;
    const isDue = now >= (dueAt(state) ?? Number.POSITIVE_INFINITY);
    if (state.status === "delayed" && (isDue || now < state.since)) {
      // B5: by a clock that has been put back, it would take hours. What was refused before is asked to be replaced first.
      this.#begin(nextAttempt(state), this.#tried === this.#session.currentToken ? "another" : "any");
    } else if (state.status === "awaiting" && isDue) {
      const view = this.#view;
      if (view.status === "ready" || view.status === "signedOut") this.#followToken(view);
      else this.#waitForToken(attemptOf(state), view, this.#close);
    } else if (state.status === "waitingForToken" || state.status === "awaiting") this.#follow();
    else if (isDue) {
      if (state.status === "refused") this.#retry(state);
      else if (state.status === "idle") {
        this.#guest.asked();
        this.#begin(FIRST_ATTEMPT, "any");
      } else if (state.status === "opening") this.#overdue(state);
      else if (state.status === "connected" && state.revoked) this.#stop(state.revoked, "signIn");
    }
    this.#setTimer(this.#ringsAt);
  }

  /** B24: the server has not answered the CONNECT. */
  #overdue(state: State & { status: "opening" }): void {
    const told = state.error?.code === "unreachable" ? state.error : undefined;
    const error = told ?? unanswered(this.namespace);
    // Looked at again: the sibling may have left by then.
    if (this.#context.hasSibling(this)) this.#decide({ ...state, error, dueAt: this.#now + CONNECT_TIMEOUT });
    else this.#putOff(error);
  }

  #renewInBand(token: string): void {
    // Closed meanwhile, Socket.IO would keep it for the next connection, whose token may be newer (B13).
    const isStillWanted = () => {
      const state = this.#state;
      return state.status === "connected" && state.renewing === token && this.socket.connected;
    };
    if (!isStillWanted()) return;
    renewInBand(this.socket, token, this.#context.hasQueue, isStillWanted, (expiresIn) => {
      const state = this.#state;
      const view = this.#session.view;
      if (state.status !== "connected" || state.renewing !== token) return;
      if (view.status === "ready" && view.token.accessToken === token) {
        this.#decide({ ...state, credential: view.token, error: undefined });
      }
      this.#session.accepted(token);
      this.#session.refreshes.budget.served(this);
      this.#session.measured(token, expiresIn);
    });
  }
}
