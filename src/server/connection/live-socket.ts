import type { DefaultEventsMap, Socket } from "socket.io";
import {
  type ConnectPayload,
  EXPIRING_EVENT,
  type Lifetime,
  REVOKED_EVENT,
  type RenewalAnswer,
  type Revocation,
  SESSION_EVENT,
} from "../../protocol.ts";
import { AuthError } from "../auth-error.ts";
import type { AuthData, Identity } from "../identity.ts";
import type { Reporter } from "../reporter.ts";
import { userRoom } from "../user-room.ts";
import type { Device } from "../user-sockets.ts";
import type { Verification } from "../verdict/verification.ts";
import type { Alarm, ExpiryClock } from "./expiry-clock.ts";
import { tolerateOutgoingListeners } from "./outgoing-listeners.ts";
import { PacketGate, type Renewal } from "./packet-gate.ts";
import { NEXT_TURN, VerifyBudget } from "./verify-budget.ts";

/** A socket without the app's types of events. */
export type AuthenticatedSocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  Partial<AuthData>
>;

/** How many renewals of one socket may wait. A client that follows the protocol never has two. */
const MAX_WAITING = 8;

/** How often a socket is disconnected whose app prevents it. Each time fewer of the app's listeners are left. */
const MOST_ATTEMPTS = 3;

/** What the live sockets of one set of rules share. */
export interface LiveContext {
  verification: Verification<AuthenticatedSocket>;
  reporter: Reporter;
  clock: ExpiryClock;
  /** ms before expiry; undefined for the default */
  notice: number | undefined;
  /** A live socket has ended. */
  ended(live: LiveSocket): void;
}

const DEFAULT_NOTICE = 10_000;
/** The default notice is at most this part of a token's life, because clients renew in the last fifth of it. */
const DEFAULT_PART = 10;

/** One connected socket: sends `auth:session`, accepts renewals, sends `auth:expiring` and disconnects at expiry. */
export class LiveSocket {
  readonly subject: string;
  /** The `instant()` before the verification of its first token. */
  readonly since: number;
  readonly #socket: AuthenticatedSocket;
  readonly #context: LiveContext;
  readonly #gate: PacketGate;
  readonly #alarm: Alarm;
  readonly #budget = new VerifyBudget();
  /** Of the latest valid token. */
  #identity: Identity;
  #isNoticed = false;
  /** It is being disconnected: an app may end its user again meanwhile. */
  #isEnding = false;
  /** Renewals in the order of sending. The first is being verified. */
  readonly #renewals: Renewal[] = [];

  constructor(socket: AuthenticatedSocket, identity: Identity, since: number, context: LiveContext) {
    this.#socket = socket;
    this.#context = context;
    this.subject = identity.subject;
    this.since = since;
    this.#identity = identity;
    this.#alarm = { at: 0, place: -1, ring: () => this.#ring() };
    this.#gate = new PacketGate(socket as Socket, {
      isClosed: () => this.#isOver(),
      renew: (renewal) => this.#renew(renewal),
    });
    tolerateOutgoingListeners(socket as Socket, (error) => context.reporter.fault(this.#where(), error));
    socket.once("disconnect", () => this.#end());
    this.#adopt(identity);
  }

  /** Separate from the constructor: the socket must be known, so that it can be ended, before anything here can throw (V6). */
  begin(): void {
    try {
      void this.#socket.join(userRoom(this.subject));
      // A plain emit, because recovery needs one that every adapter has stored.
      this.#socket.emit(SESSION_EVENT, this.#lifetime());
    } catch (error) {
      this.#context.reporter.fault(this.#where(), error);
    }
  }

  get identity(): Identity {
    return this.#identity;
  }

  get device(): Device {
    const { id, nsp, handshake } = this.#socket;
    return {
      id,
      namespace: nsp.name,
      address: handshake.address,
      userAgent: handshake.headers["user-agent"],
      connectedAt: handshake.issued,
      expiresAt: this.#identity.expiresAt,
    };
  }

  get isConnected(): boolean {
    return this.#socket.connected && !this.#isEnding;
  }

  /** Holds events until it is known whether there is an objection. If there is one, no event is handled. */
  hold(objection: Promise<AuthError | undefined>): void {
    this.#gate.holdUntil(
      objection.then((error) => {
        // A fault may pass. The client comes back by itself and is checked again.
        if (error?.code === "unavailable") this.#gate.closeTransport();
        // If the token has expired meanwhile, the socket is disconnected anyway.
        else if (error && error.code !== "token_expired") this.revoke(error.code, error);
      }),
    );
  }

  /** @param refusal where that is why */
  revoke(reason: string, refusal?: AuthError): void {
    if (!this.isConnected) return;
    this.#tell(REVOKED_EVENT, { reason });
    this.#disconnect();
    this.#context.reporter.tell({
      type: "revoked",
      ...this.#where(),
      code: refusal?.code ?? "token_revoked",
    });
  }

  #ring(): void {
    const { expiresAt } = this.#identity;
    if (!this.isConnected) this.#end();
    else if (this.#isNoticed) this.#cut();
    else {
      this.#isNoticed = true;
      this.#context.clock.set(this.#alarm, expiresAt);
      this.#tell(EXPIRING_EVENT, this.#lifetime());
    }
  }

  /** Whether a packet that arrives now is too late. If the token has expired, this also ends the connection (V2). */
  #isOver(): boolean {
    if (!this.isConnected) return true;
    if (Date.now() < this.#identity.expiresAt) return false;
    this.#cut();
    return true;
  }

  #cut(): void {
    this.#disconnect();
    this.#context.reporter.tell({ type: "cut", ...this.#where(), code: "token_expired" });
  }

  // The transport stays open for the other namespaces (V8). The socket ends even if code of the app prevents it (V6).
  #disconnect(): void {
    this.#isEnding = true;
    // Socket.IO's own method, because the app may have put another in its place.
    const { disconnect }: AuthenticatedSocket = Object.getPrototypeOf(this.#socket);
    for (let attempt = 0; this.#socket.connected && attempt < MOST_ATTEMPTS; attempt++) {
      try {
        disconnect.call(this.#socket);
      } catch (error) {
        this.#context.reporter.fault(this.#where(), error);
        // The app's listeners that have thrown, and so have kept Socket.IO from ending it.
        this.#socket.removeAllListeners("disconnecting");
      }
    }
    if (this.#socket.connected) this.#gate.closeTransport();
    // The app may have removed our listener.
    this.#end();
  }

  #end(): void {
    this.#context.clock.clear(this.#alarm);
    this.#context.ended(this);
  }

  #renew(renewal: Renewal): void {
    if (this.#renewals.length === MAX_WAITING) {
      this.#answer(
        renewal,
        new AuthError("unavailable", "Too many renewals at once", { retryAfter: NEXT_TURN }),
      );
      return;
    }
    this.#renewals.push(renewal);
    if (this.#renewals.length === 1) void this.#renewInTurn();
  }

  /** Verifies one token at a time, in the order of sending, so that the last valid one counts. */
  async #renewInTurn(): Promise<void> {
    for (let renewal = this.#renewals[0]; renewal; renewal = this.#renewals[0]) {
      const error = await this.#objection(renewal.payload);
      this.#renewals.shift();
      this.#answer(renewal, error);
    }
  }

  #answer({ acknowledge }: Renewal, error: AuthError | undefined): void {
    if (!this.isConnected) return;
    const { reporter } = this.#context;
    if (error) reporter.tell({ type: "refused", ...this.#where(), code: error.code });
    else reporter.tell({ type: "renewed", ...this.#where() });
    const answer: RenewalAnswer = error ? { ...error.data, message: error.message } : this.#lifetime();
    if (typeof acknowledge === "function") acknowledge(answer);
  }

  /** Returns why a renewal is refused, or adopts its token. */
  async #objection(payload: unknown): Promise<AuthError | undefined> {
    const { verification } = this.#context;
    const { token }: Partial<Record<keyof ConnectPayload, unknown>> = Object(payload);
    const unread = verification.refusalUnread(token);
    if (unread) return unread;
    if (!this.#budget.take()) {
      return new AuthError("unavailable", "Too many renewals", { retryAfter: NEXT_TURN });
    }
    const identity = await verification.identify(token, this.#where());
    if (identity instanceof AuthError) return identity;
    if (identity.subject !== this.subject) {
      return new AuthError("token_invalid", "The token is another user's");
    }
    const error = await verification.objection(identity, this.#socket, this.#where());
    if (!error && !this.#isOver()) this.#adopt(identity);
    return error;
  }

  #adopt(identity: Identity): void {
    this.#identity = identity;
    publish(this.#socket, identity);
    const lifetime = identity.expiresAt - Date.now();
    this.#isNoticed = false;
    this.#context.clock.set(this.#alarm, identity.expiresAt - this.#noticeOf(lifetime));
  }

  #noticeOf(lifetime: number): number {
    const { notice } = this.#context;
    if (notice === undefined) return Math.min(DEFAULT_NOTICE, lifetime / DEFAULT_PART);
    return notice < lifetime ? notice : lifetime / 2;
  }

  #lifetime(): Lifetime {
    return { expiresIn: Math.max(0, this.#identity.expiresAt - Date.now()) };
  }

  // Locally: a cluster adapter would send it after the disconnect, and store it for a recovery.
  #tell(event: string, payload: Lifetime | Revocation): void {
    try {
      this.#socket.nsp.local.to(this.#socket.id).emit(event, payload);
    } catch (error) {
      // An `onAnyOutgoing` listener of the app has thrown.
      this.#context.reporter.fault(this.#where(), error);
    }
  }

  #where() {
    return { namespace: this.#socket.nsp.name, id: this.#socket.id, subject: this.subject };
  }
}

/** Puts the identity into `socket.data`, even if the app has replaced or frozen that. It never throws (V6). */
export function publish(socket: AuthenticatedSocket, auth: Identity): void {
  try {
    socket.data.auth = auth;
  } catch {
    try {
      // Null, or frozen.
      socket.data = { ...socket.data, auth };
    } catch {
      // The app has made the property read-only too, and keeps what it has.
    }
  }
}
