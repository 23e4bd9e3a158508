import { PacketType } from "socket.io-parser";
import {
  EXPIRING_EVENT,
  type Lifetime,
  RENEW_EVENT,
  REVOKED_EVENT,
  type RenewalAnswer,
  SESSION_EVENT,
} from "../protocol.ts";
import { AuthError } from "../server/auth-error.ts";
import { userRoom } from "../server/user-room.ts";
import type { Access } from "./accounts.ts";
import { type Listener, Listeners } from "./events.ts";
import { Expiry } from "./expiry.ts";
import type { TestSocket } from "./test-socket.ts";
import type { Clock } from "./time/clock.ts";
import type { Engine, Member, Packet, Refused } from "./wire/engine.ts";

/** What a socket needs of its namespace. */
export interface ServerSocketContext {
  readonly name: string;
  readonly clock: Clock;
  /**
   * Whether it sends the protocol's events. The test server always does. One without them, for test/simulation, still disconnects
   * at a token's expiry.
   */
  readonly hasProtocol: boolean;
  /** The name of this connection's recovery data, for test/simulation. The test server has no connection state recovery. */
  readonly state?: string;
  /** Whose a token is, or why it is refused at the moment. */
  verify(token: unknown): Access | Refused;
  connected(socket: ServerSocket): void;
  disconnected(socket: ServerSocket): void;
  /** An event of the app's. */
  heard(event: string, args: unknown[], acknowledge: Listener | undefined): void;
  /** An event of the server's. */
  said(event: string, args: unknown[]): void;
}

let sockets = 0;

/** One namespace of an engine: what a TestSocket is inside. */
export class ServerSocket implements TestSocket, Member {
  readonly id = `socket-${++sockets}`;
  readonly namespace: string;
  readonly rooms = new Set<string>();
  readonly #engine: Engine;
  readonly #context: ServerSocketContext;
  readonly #listeners = new Listeners();
  readonly #answers = new Map<number, Listener>();
  readonly #expiry: Expiry;
  #access: Access | undefined;
  #questions = 0;
  #isConnected = true;

  /** @param access undefined for a guest */
  constructor(engine: Engine, context: ServerSocketContext, access: Access | undefined) {
    this.namespace = context.name;
    this.#engine = engine;
    this.#context = context;
    this.#access = access;
    this.#expiry = new Expiry(
      context.clock,
      () => this.#tell(EXPIRING_EVENT, this.#lifetime()),
      () => this.disconnect(),
    );
    if (access) this.rooms.add(userRoom(access.signIn.subject));
  }

  get subject(): string | undefined {
    return this.#access?.signIn.subject;
  }

  get expiresAt(): number | undefined {
    return this.#access?.expiresAt;
  }

  get connected(): boolean {
    return this.#isConnected;
  }

  on(event: string, listener: Listener): this {
    this.#listeners.add(event, listener);
    return this;
  }

  off(event: string, listener?: Listener): this {
    this.#listeners.remove(event, listener);
    return this;
  }

  emit(event: string, ...args: unknown[]): this {
    if (!this.#isConnected) return this;
    const data = [...args];
    const last = data.at(-1);
    const packet: Packet = { type: PacketType.EVENT, nsp: this.namespace };
    if (typeof last === "function") {
      data.pop();
      packet.id = ++this.#questions;
      this.#answers.set(packet.id, last as Listener);
    }
    packet.data = [event, ...data];
    this.#context.said(event, data);
    this.#engine.send(packet);
    return this;
  }

  join(room: string): this {
    this.rooms.add(room);
    return this;
  }

  leave(room: string): this {
    this.rooms.delete(room);
    return this;
  }

  disconnect(): this {
    this.#engine.disconnect(this.namespace);
    return this;
  }

  /** Breaks the transport, and with it every namespace on it. */
  drop(): void {
    this.#engine.drop();
  }

  /** Tells that it is over on purpose, and disconnects. */
  revoke(reason: string): void {
    this.#tell(REVOKED_EVENT, { reason });
    this.disconnect();
  }

  /** Lets its token run out now: what is still good of it is told, and it is cut. */
  cut(): void {
    if (this.#access) {
      this.#access.expiresAt = this.#context.clock.now();
      this.#tell(EXPIRING_EVENT, { expiresIn: 1 });
    }
    this.disconnect();
  }

  welcome(): void {
    const { state } = this.#context;
    const data = { sid: this.id, ...(state && { pid: state }) };
    this.#engine.send({ type: PacketType.CONNECT, nsp: this.namespace, data });
    if (this.#access) {
      this.#tell(SESSION_EVENT, this.#lifetime());
      this.#expiry.watch(this.#access.expiresAt);
    }
    this.#context.connected(this);
  }

  heard({ type, id, data }: Packet): void {
    const args = data as unknown[];
    if (type === PacketType.ACK || type === PacketType.BINARY_ACK) {
      const answer = this.#answers.get(id ?? 0);
      this.#answers.delete(id ?? 0);
      answer?.(...(args as never[]));
    } else if (this.#access && this.#access.expiresAt <= this.#context.clock.now()) {
      // No packet is handled after the token's expiry, whatever the timer.
      this.disconnect();
    } else {
      this.#event(args, id === undefined ? undefined : this.#acknowledgement(id));
    }
  }

  left(): void {
    this.#isConnected = false;
    this.#expiry.stop();
    this.#context.disconnected(this);
    this.#listeners.call("disconnect", []);
  }

  #event([event, ...args]: unknown[], acknowledge: Listener | undefined): void {
    if (event === RENEW_EVENT) {
      acknowledge?.(this.#renewed(Object(args[0]).token) as never);
      return;
    }
    this.#context.heard(String(event), args, acknowledge);
    this.#listeners.call(String(event), acknowledge ? [...args, acknowledge] : args);
  }

  #renewed(token: unknown): RenewalAnswer {
    const access = this.#context.verify(token);
    if (!("signIn" in access)) return refusal(access);
    if (access.signIn.subject !== this.subject) {
      return refusal(new AuthError("token_invalid", "The token is another user's"));
    }
    this.#access = access;
    this.#expiry.watch(access.expiresAt);
    return this.#lifetime();
  }

  #acknowledgement(id: number): Listener {
    let isAnswered = false;
    return (...data: unknown[]) => {
      if (isAnswered || !this.#isConnected) return;
      isAnswered = true;
      this.#engine.send({ type: PacketType.ACK, nsp: this.namespace, data, id });
    };
  }

  #lifetime(): Lifetime {
    return { expiresIn: Math.max(0, (this.#access?.expiresAt ?? 0) - this.#context.clock.now()) };
  }

  /** An event of the protocol, which is none of the app's. */
  #tell(event: string, payload: object): void {
    if (!this.#context.hasProtocol) return;
    this.#engine.send({ type: PacketType.EVENT, nsp: this.namespace, data: [event, payload] });
  }
}

function refusal({ data, message }: Refused): RenewalAnswer {
  return { ...Object(data), message };
}
