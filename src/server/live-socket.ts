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
} from "../protocol.ts";
import { AuthError } from "./auth-error.ts";
import { Expiry } from "./expiry.ts";
import type { Admission } from "./handshakes.ts";
import type { AuthData, Identity } from "./identity.ts";
import { userRoom } from "./user-room.ts";
import type { Verification } from "./verification.ts";

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

/** One connected socket: says hello, takes renewals, gives notice and cuts. */
export class LiveSocket {
  readonly subject: string;
  readonly since: number;
  /** Of the latest valid token. */
  identity: Identity;
  readonly #socket: AuthenticatedSocket;
  readonly #verification: Verification<AuthenticatedSocket>;
  readonly #expiry: Expiry;
  #held: Promise<void> | undefined;
  /** Renewals in the order of sending. The first is being verified. */
  readonly #renewals: Renewal[] = [];

  constructor(
    socket: AuthenticatedSocket,
    { identity, since }: Admission,
    verification: Verification<AuthenticatedSocket>,
    notice: number,
  ) {
    this.#socket = socket;
    this.#verification = verification;
    this.subject = identity.subject;
    this.since = since;
    this.identity = identity;
    this.#expiry = new Expiry(notice, {
      expiring: () => this.#tell(EXPIRING_EVENT, this.#lifetime()),
      // Not the transport: other namespaces live on it.
      expired: () => socket.disconnect(),
    });

    socket.prependAny(hideToken);
    socket.use((packet, next) => this.#receive(packet, next));
    socket.once("disconnect", () => this.#expiry.stop());
    void socket.join(userRoom(identity.subject));
    this.#adopt(identity);
    // A plain emit, since recovery needs one that every adapter has stored.
    socket.emit(SESSION_EVENT, this.#lifetime());
  }

  /** Handles no event before the objection is known, and none after it. */
  hold(objection: Promise<AuthError | undefined>): void {
    this.#held = objection.then((error) => {
      this.#held = undefined;
      // A fault that may pass: the client comes back by itself and is asked again.
      if (error?.code === "unavailable") this.#socket.conn.close();
      // The cut is due anyway where the token has expired in the meantime.
      else if (error && error.code !== "token_expired") this.revoke(error.code);
    });
  }

  revoke(reason: string): void {
    this.#tell(REVOKED_EVENT, { reason });
    this.#socket.disconnect();
  }

  // In a middleware that comes before the app's, so that no token passes through those, nor a renewal fails in them.
  #receive(packet: readonly unknown[], next: () => void): void {
    if (this.#held) void this.#held.then(() => this.#receive(packet, next));
    else if (!this.#socket.connected) return;
    else if (packet[0] === RENEW_EVENT) this.#renew({ payload: packet[1], acknowledge: packet.at(-1) });
    else next();
  }

  #renew(renewal: Renewal): void {
    if (this.#renewals.length === MAX_WAITING) {
      this.#answer(renewal, refusal(new AuthError("unavailable", "Too many renewals at once")));
      return;
    }
    this.#renewals.push(renewal);
    if (this.#renewals.length === 1) void this.#verifyInTurn();
  }

  /** One verification at a time: the last valid token wins, in the order of sending. */
  async #verifyInTurn(): Promise<void> {
    for (let renewal = this.#renewals[0]; renewal; renewal = this.#renewals[0]) {
      const error = await this.#objection(renewal.payload);
      this.#renewals.shift();
      this.#answer(renewal, error ? refusal(error) : this.#lifetime());
    }
  }

  #answer({ acknowledge }: Renewal, answer: RenewalAnswer): void {
    if (typeof acknowledge === "function" && this.#socket.connected) acknowledge(answer);
  }

  /** Why a renewal is refused; one that is not has been adopted. */
  async #objection(payload: unknown): Promise<AuthError | undefined> {
    const { token }: Partial<Record<keyof ConnectPayload, unknown>> = Object(payload);
    const identity = await this.#verification.identify(token);
    if (identity instanceof AuthError) return identity;
    if (identity.subject !== this.subject) {
      return new AuthError("token_invalid", "The token is another user's");
    }
    const error = await this.#verification.objection(identity, this.#socket);
    if (!error && this.#socket.connected) this.#adopt(identity);
    return error;
  }

  #adopt(identity: Identity): void {
    this.identity = identity;
    this.#socket.data.auth = identity;
    this.#expiry.watch(identity.expiresAt);
  }

  #lifetime(): Lifetime {
    return { expiresIn: Math.max(0, this.identity.expiresAt - Date.now()) };
  }

  // Locally: a cluster adapter would send it behind the disconnect that follows it, and store it for a recovery.
  #tell(event: string, payload: Lifetime | Revocation): void {
    this.#socket.nsp.local.to(this.#socket.id).emit(event, payload);
  }
}

/** S1: the app's own `onAny` hears a renewal before any middleware does, and a log of it is not to print the token. */
function hideToken(event: string, payload: unknown): void {
  if (event !== RENEW_EVENT || typeof payload !== "object" || payload === null) return;
  if ("token" in payload) Object.defineProperty(payload, "token", { enumerable: false });
}

function refusal({ data, message }: AuthError): RenewalAnswer {
  return { ...data, message };
}
