import type { DefaultEventsMap, Socket } from "socket.io";
import {
  type ConnectPayload,
  EXPIRING_EVENT,
  type Lifetime,
  RENEW_EVENT,
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
import { PacketGate } from "./packet-gate.ts";
import { NEXT_TURN, VerifyBudget } from "./verify-budget.ts";

/** A socket as the inside sees it, whatever events the app has typed. */
export type AuthenticatedSocket = Socket<
  DefaultEventsMap,
  DefaultEventsMap,
  DefaultEventsMap,
  Partial<AuthData>
>;

/** Renewals of one socket that may wait for their turn. A client that keeps the protocol never has two. */
const MAX_WAITING = 8;

/** What a client has asked for: whatever it sent. */
interface Renewal {
  payload: unknown;
  acknowledge: unknown;
}

/** What live sockets of one set of rules share. */
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
/** Where tokens live for less than ten of it, the notice is this part of their life: clients renew in its last fifth. */
const DEFAULT_PART = 10;

/** One connected socket: says hello, takes renewals, gives notice and cuts. */
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
  /** Renewals in the order of sending. The first is being verified. */
  readonly #renewals: Renewal[] = [];

  constructor(socket: AuthenticatedSocket, identity: Identity, since: number, context: LiveContext) {
    this.#socket = socket;
    this.#context = context;
    this.subject = identity.subject;
    this.since = since;
    this.#identity = identity;
    this.#alarm = { at: 0, place: -1, ring: () => this.#ring() };
    this.#gate = new PacketGate(socket as Socket, () => this.#isOver());

    socket.prependAny(hideToken);
    // Before the app's, so that no token passes through those, nor a renewal fails in them.
    socket.use((packet, next) => {
      if (packet[0] === RENEW_EVENT) this.#renew({ payload: packet[1], acknowledge: packet.at(-1) });
      else next();
    });
    socket.once("disconnect", () => this.#end());
    void socket.join(userRoom(identity.subject));
    this.#adopt(identity);
    // A plain emit, since recovery needs one that every adapter has stored.
    socket.emit(SESSION_EVENT, this.#lifetime());
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
    return this.#socket.connected;
  }

  /** Handles no event before the objection is known, and none after it. */
  hold(objection: Promise<AuthError | undefined>): void {
    this.#gate.holdUntil(
      objection.then((error) => {
        // A fault that may pass: the client comes back by itself and is asked again.
        if (error?.code === "unavailable") this.#socket.conn.close();
        // The cut is due anyway where the token has expired in the meantime.
        else if (error && error.code !== "token_expired") this.revoke(error.code, error);
      }),
    );
  }

  /** @param refusal where that is why */
  revoke(reason: string, refusal?: AuthError): void {
    if (!this.#socket.connected) return;
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
    if (!this.#socket.connected) this.#end();
    else if (this.#isNoticed) this.#cut();
    else {
      this.#isNoticed = true;
      this.#context.clock.set(this.#alarm, expiresAt);
      this.#tell(EXPIRING_EVENT, this.#lifetime());
    }
  }

  /** Whether a packet that comes now is too late; that of an expired token also ends the connection (V2). */
  #isOver(): boolean {
    if (!this.#socket.connected) return true;
    if (Date.now() < this.#identity.expiresAt) return false;
    this.#cut();
    return true;
  }

  #cut(): void {
    this.#disconnect();
    this.#context.reporter.tell({ type: "cut", ...this.#where(), code: "token_expired" });
  }

  // Not the transport: other namespaces live on it (V8). A listener of the app's that throws keeps nobody connected (V6).
  #disconnect(): void {
    while (this.#socket.connected) {
      try {
        this.#socket.disconnect();
      } catch (error) {
        this.#context.reporter.fault(this.#where(), error);
        // Those that come before the end, and have kept it from coming.
        this.#socket.removeAllListeners("disconnecting");
      }
    }
    // The app may have taken our listener off.
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

  /** One verification at a time: the last valid token wins, in the order of sending. */
  async #renewInTurn(): Promise<void> {
    for (let renewal = this.#renewals[0]; renewal; renewal = this.#renewals[0]) {
      const error = await this.#objection(renewal.payload);
      this.#renewals.shift();
      this.#answer(renewal, error);
    }
  }

  #answer({ acknowledge }: Renewal, error: AuthError | undefined): void {
    if (!this.#socket.connected) return;
    const { reporter } = this.#context;
    if (error) reporter.tell({ type: "refused", ...this.#where(), code: error.code });
    else reporter.tell({ type: "renewed", ...this.#where() });
    const answer: RenewalAnswer = error ? { ...error.data, message: error.message } : this.#lifetime();
    if (typeof acknowledge === "function") acknowledge(answer);
  }

  /** Why a renewal is refused; one that is not has been adopted. */
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

  // Locally: a cluster adapter would send it behind the disconnect that follows it, and store it for a recovery.
  #tell(event: string, payload: Lifetime | Revocation): void {
    try {
      this.#socket.nsp.local.to(this.#socket.id).emit(event, payload);
    } catch (error) {
      // A listener of the app's to what is sent has thrown.
      this.#context.reporter.fault(this.#where(), error);
    }
  }

  #where() {
    return { namespace: this.#socket.nsp.name, id: this.#socket.id, subject: this.subject };
  }
}

/** Puts the identity where the app looks for it, whatever the app has made of `socket.data` (V6). */
export function publish(socket: AuthenticatedSocket, auth: Identity): void {
  try {
    socket.data.auth = auth;
  } catch {
    // Null, or frozen.
    socket.data = { ...socket.data, auth };
  }
}

/** S1: the app's own `onAny` hears a renewal before any middleware does, and a log of it is not to print the token. */
export function hideToken(event: string, payload: unknown): void {
  if (event !== RENEW_EVENT || typeof payload !== "object" || payload === null) return;
  if ("token" in payload) Object.defineProperty(payload, "token", { enumerable: false });
}
