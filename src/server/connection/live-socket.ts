import type { Socket } from "socket.io";
import {
  EXPIRING_EVENT,
  type Lifetime,
  REVOKED_EVENT,
  type RenewalAnswer,
  type Revocation,
  SESSION_EVENT,
} from "../../protocol.ts";
import { AuthError } from "../auth-error.ts";
import type { Identity } from "../identity.ts";
import type { Reporter } from "../reporter.ts";
import { userRoom } from "../user-room.ts";
import type { Device } from "../user-sockets.ts";
import type { Verification } from "../verdict/verification.ts";
import { type AuthenticatedSocket, setSocketData } from "./authenticated-socket.ts";
import type { Alarm, ExpiryClock } from "./expiry-clock.ts";
import { noticeOf } from "./notice.ts";
import { tolerateOutgoingListeners } from "./outgoing-listeners.ts";
import { DISCONNECT, EVENT } from "./packet.ts";
import { PacketGate, type Renewal } from "./packet-gate.ts";
import { RenewalQueue } from "./renewals.ts";

interface Packet {
  type: number;
  data: unknown[];
}

/** Private to Socket.IO. */
interface Sending {
  /** Writes a packet to the client, whether the socket is connected or not. */
  packet?(packet: Packet): void;
  /** Calls the app's `onAnyOutgoing` listeners. */
  notifyOutgoingListeners?(packet: Packet): void;
}

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

/** When a connection began, before its first token was verified. */
export interface Beginning {
  /** An `instant()`; that of its session, where it has resumed one. Later revocations end it. */
  readonly since: number;
  /** The same by the clock of the node where its session began. */
  readonly origin: number;
  /** In the time of `performance.now()`. */
  readonly begun: number;
}

/** One connected socket: sends `auth:session`, accepts renewals, sends `auth:expiring` and disconnects at expiry. */
export class LiveSocket {
  readonly subject: string;
  readonly beginning: Beginning;
  readonly #socket: AuthenticatedSocket;
  readonly #context: LiveContext;
  readonly #gate: PacketGate;
  readonly #alarm: Alarm;
  readonly #renewals: RenewalQueue;
  /** Of the latest valid token. */
  #identity: Identity;
  #isNoticed = false;
  /** It is being disconnected: an app may end its user again meanwhile. */
  #isEnding = false;

  constructor(socket: AuthenticatedSocket, identity: Identity, beginning: Beginning, context: LiveContext) {
    this.#socket = socket;
    this.#context = context;
    this.subject = identity.subject;
    this.beginning = beginning;
    this.#identity = identity;
    this.#alarm = { at: 0, place: -1, ring: () => this.#ring() };
    this.#gate = new PacketGate(socket as Socket, {
      isClosed: () => this.#isOver(),
      renew: (renewal) => this.#renewals.add(renewal),
    });
    this.#renewals = new RenewalQueue({
      refusalWithoutVerify: (token) => context.verification.refusalWithoutVerify(token),
      renewOrRefuse: (token) => this.#renewOrRefuse(token),
      answer: (renewal, refusal) => this.#answer(renewal, refusal),
    });
    tolerateOutgoingListeners(socket as Socket, (error) => context.reporter.fault(this.#where(), error));
    socket.once("disconnect", () => this.#end());
    this.#adopt(identity);
  }

  /** Separate from the constructor: the socket must be known, so that it can be ended, before anything here can throw (V6). */
  begin(): void {
    // Listeners of the app to the adapter's "join-room" may throw, and so may those to what is sent.
    this.#attempt(() => void this.#socket.join(userRoom(this.subject)));
    // A plain emit, because recovery needs one that every adapter has stored.
    this.#attempt(() => this.#socket.emit(SESSION_EVENT, this.#lifetime()));
  }

  #attempt(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.#context.reporter.fault(this.#where(), error);
    }
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

  get #sending(): Sending {
    return this.#socket as object;
  }

  get isConnected(): boolean {
    return this.#socket.connected && !this.#isEnding;
  }

  /** Holds events until it is known whether the user may be here. If not, no event is handled. */
  holdEventsUntil(known: Promise<AuthError | undefined>): void {
    this.#gate.holdUntil(
      known.then((refusal) => {
        if (!this.isConnected) return;
        // A fault may pass. The client comes back automatically and is checked again.
        if (refusal?.code === "unavailable") this.#gate.closeTransport();
        // If the token has expired meanwhile, the socket is disconnected anyway.
        else if (refusal && refusal.code !== "token_expired") this.revoke(refusal.code, refusal);
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
    this.#writeOneDisconnect();
    this.#attempt(() => unsubscribe(this.#socket));
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
    this.#writeNothing();
    // The app may have removed our listener.
    this.#end();
  }

  /**
   * Socket.IO's `disconnect()` writes DISCONNECT before it calls any listener of the app. It is called again where a listener throws,
   * and a listener may call it too. A second DISCONNECT would end the client's next CONNECT (V8).
   */
  #writeOneDisconnect(): void {
    const { packet } = this.#sending;
    if (!packet) return;
    this.#sending.packet = (last) => {
      packet.call(this.#socket, last);
      // The app may have wrapped that method, and emit before it (V6).
      if (last.type === DISCONNECT) this.#writeNothing();
    };
  }

  // V2: the app may go on emitting and acknowledging, and Socket.IO writes as long as the transport is open.
  #writeNothing(): void {
    this.#sending.packet = () => {};
  }

  #end(): void {
    this.#context.clock.clear(this.#alarm);
    this.#context.ended(this);
  }

  #answer({ acknowledge }: Renewal, refusal: AuthError | undefined): void {
    if (!this.isConnected) return;
    const { reporter } = this.#context;
    if (refusal) reporter.tell({ type: "refused", ...this.#where(), code: refusal.code });
    else reporter.tell({ type: "renewed", ...this.#where() });
    const answer: RenewalAnswer = refusal ? { ...refusal.data, message: refusal.message } : this.#lifetime();
    if (typeof acknowledge === "function") acknowledge(answer);
  }

  /** Returns why a token is refused, or adopts it. */
  async #renewOrRefuse(token: unknown): Promise<AuthError | undefined> {
    const { verification } = this.#context;
    const identity = await verification.identify(token, this.#where());
    if (identity instanceof AuthError) return identity;
    if (identity.subject !== this.subject) {
      return new AuthError("token_invalid", "The token is another user's");
    }
    const refusal = await verification.refusalOfUser(identity, this.#socket, this.#where());
    if (!refusal && !this.#isOver()) this.#adopt(identity);
    return refusal;
  }

  #adopt(identity: Identity): void {
    this.#identity = identity;
    setSocketData(this.#socket, identity);
    const lifetime = identity.expiresAt - Date.now();
    this.#isNoticed = false;
    this.#context.clock.set(this.#alarm, identity.expiresAt - noticeOf(lifetime, this.#context.notice));
  }

  #lifetime(): Lifetime {
    return { expiresIn: Math.max(0, this.#identity.expiresAt - Date.now()) };
  }

  // To this socket alone: the app may have put others into the room of its id. A cluster adapter would send it after the disconnect.
  #tell(event: string, payload: Lifetime | Revocation): void {
    const sending = this.#sending;
    this.#attempt(() => {
      if (!sending.packet) this.#socket.nsp.local.to(this.#socket.id).emit(event, payload);
      else {
        const packet = { type: EVENT, data: [event, payload] };
        sending.packet(packet);
        sending.notifyOutgoingListeners?.(packet);
      }
    });
  }

  #where() {
    return { namespace: this.#socket.nsp.name, id: this.#socket.id, subject: this.subject };
  }
}

/**
 * The WebSockets of uWebSockets.js get broadcasts without Socket.IO, which ends their subscriptions when a socket leaves a room, but
 * not when it is disconnected (V2).
 */
function unsubscribe({ conn, nsp, rooms }: AuthenticatedSocket): void {
  // As Socket.IO's uws.ts names them. The test runs that file.
  const topics = [nsp.name, ...[...rooms].map((room) => `${nsp.name}\x1f${room}`)];
  const webSocket = Object(Object(conn.transport).socket);
  if (typeof webSocket.unsubscribe === "function") for (const topic of topics) webSocket.unsubscribe(topic);
}
