import { Socket } from "socket.io-client";
import type { ConnectError } from "./core/refusal.ts";

/** Who runs a Socket in the app's stead. */
export interface SocketOwner {
  connect(): void;
  disconnect(): void;
  /** Socket.IO asks for the CONNECT payload. */
  asked(answer: (payload: object) => void): void;
  accepted(): void;
  failed(error: ConnectError): void;
  disconnected(reason: string): void;
  /** What rejects those who wait for an acknowledgement (B18); undefined until somebody does. */
  unacknowledged: Set<(error: Error) => void> | undefined;
}

const owners = new WeakMap<Socket, SocketOwner>();

/** Also of one that was let go: an event that it is in the midst of goes on to all who listened. */
function ownerOf(socket: Socket): SocketOwner {
  return owners.get(socket) as SocketOwner;
}

/** One for all Sockets: Socket.IO calls a listener with the Socket as `this`. */
const LISTENERS = {
  connect(this: Socket) {
    ownerOf(this).accepted();
  },
  connect_error(this: Socket, error: ConnectError) {
    ownerOf(this).failed(error);
  },
  disconnect(this: Socket, reason: string) {
    ownerOf(this).disconnected(reason);
  },
};

function listen(socket: Socket): void {
  for (const [event, listener] of Object.entries(LISTENERS)) {
    if (!socket.listeners(event).includes(listener)) socket.on(event, listener);
  }
}

function off(this: Socket, ...args: Parameters<Socket["off"]>): Socket {
  Socket.prototype.off.apply(this, args);
  // An app that drops every listener of an event means its own.
  listen(this);
  return this;
}

/** Its methods do what AuthSocket's do, and `emitWithAck` settles whatever happens (B18). One set for all Sockets, too. */
const OVERRIDES = {
  auth(this: Socket, answer: (payload: object) => void) {
    ownerOf(this).asked(answer);
  },
  connect(this: Socket) {
    ownerOf(this).connect();
    return this;
  },
  disconnect(this: Socket) {
    ownerOf(this).disconnect();
    return this;
  },
  emitWithAck(this: Socket, ...args: Parameters<Socket["emitWithAck"]>) {
    const owner = ownerOf(this);
    const answer = Socket.prototype.emitWithAck.apply(this, args);
    return new Promise((resolve, reject) => {
      owner.unacknowledged ??= new Set();
      const { unacknowledged } = owner;
      unacknowledged.add(reject);
      const settle = <T>(outcome: (value: T) => void, value: T) => {
        unacknowledged.delete(reject);
        outcome(value);
      };
      answer.then(
        (value) => settle(resolve, value),
        (error) => settle(reject, error),
      );
    });
  },
  off,
  removeListener: off,
  removeAllListeners: off,
  removeEventListener: off,
};

export function own(socket: Socket, owner: SocketOwner): void {
  owners.set(socket, owner);
  Object.assign(socket, OVERRIDES);
  listen(socket);
}

/** Gives the Socket its own back. */
export function letGo(socket: Socket): void {
  for (const name of Object.keys(OVERRIDES)) Reflect.deleteProperty(socket, name);
  for (const [event, listener] of Object.entries(LISTENERS)) socket.off(event, listener);
}
