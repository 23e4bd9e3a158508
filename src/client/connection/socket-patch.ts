import { Manager, Socket } from "socket.io-client";
import { check } from "../option-check.ts";
import type { ConnectError } from "./refusal.ts";

/** Who runs a Socket in the app's stead. */
export interface SocketOwner {
  connect(): void;
  disconnect(): void;
  /** Socket.IO asks for the CONNECT payload. */
  asked(answer: (payload: object) => void): void;
  accepted(): void;
  failed(error: ConnectError): void;
  disconnected(reason: string): void;
}

/** A patched Socket: what it still waits for, and how it gets its own methods back. */
export interface SocketPatch {
  /** B18: rejects every `emitWithAck` that is pending. */
  rejectPending(error: Error): void;
  /** B18: the connection is gone. Rejects each `emitWithAck` that waits for no other, as Socket.IO does since 4.7.5. */
  lost(error?: Error): void;
  /** Nothing will be sent any more. From then on `emitWithAck` rejects, and connecting does nothing. */
  seal(error: Error): void;
  /** Seals it, and detaches the owner. */
  detach(): void;
}

/** What Sockets and Managers have in common. */
interface Emitter {
  listeners(event: never): unknown[];
}

/**
 * Listens to Socket.IO's own events, first of all, and past the list that an app may empty (B19). The app's listeners run
 * one by one, so that one which throws keeps neither Socket.IO nor the others from their work (B9). `emitReserved` is
 * protected, and not private: builds do not rename it.
 *
 * @param own listeners, by event
 * @returns a function that ends them, and leaves the app's
 */
export function listenFirst(emitter: Emitter, own: object, report: (error: unknown) => void): () => void {
  const first = new Map(Object.entries(own));
  const emitReserved = (event: string, ...args: unknown[]) => {
    const listeners = [first.get(event) ?? [], emitter.listeners(event as never)].flat();
    for (const listener of listeners as ((...args: unknown[]) => void)[]) {
      try {
        listener.apply(emitter, args);
      } catch (error) {
        report(error);
      }
    }
    return emitter;
  };
  Object.assign(emitter, { emitReserved });
  return () => first.clear();
}

/** A Manager's Sockets, by namespace, plain ones too. `nsps` is private, and no build renames it. */
export function socketsOf(manager: Manager): Record<string, Socket> {
  return Object(manager).nsps;
}

/**
 * T11: a plain Socket that connects in the midst of the Manager's "close" or "error" would open an engine of which the Manager
 * knows nothing as it goes on to schedule a reconnect.
 *
 * @returns a function that connects such Sockets once that is over; where a reconnect is scheduled, they wait for it
 */
export function putOffOpen(
  manager: Manager,
  isClosing: () => boolean,
  report: (error: unknown) => void,
): () => void {
  let isPutOff = false;
  const open = (done?: (error?: Error) => void) => {
    // No Socket hands in a function. Where an AuthSocket alone is closed, the engine stays open.
    if (done || !isClosing() || manager.engine?.readyState === "open")
      return Manager.prototype.open.call(manager, done);
    isPutOff = true;
    return manager;
  };
  Object.assign(manager, { open });
  return () => {
    if (!isPutOff) return;
    isPutOff = false;
    try {
      // The Sockets that AuthSocket runs have their gates for this.
      for (const socket of Object.values(socketsOf(manager)))
        if (socket.active) Socket.prototype.connect.call(socket);
    } catch (error) {
      report(error); // B9: by a transport that cannot be made
    }
  };
}

/** What Socket.IO declares private, and no build renames. */
interface Inner {
  emitEvent(event: unknown[]): void;
  ack(id: number): (...args: unknown[]) => void;
  notifyOutgoingListeners(packet: Buffered): void;
  packet(packet: Buffered): void;
}

type Buffered = Socket["sendBuffer"][number];

/**
 * Hands on what was received, and sends what was emitted, before the connection. One by one, so that a listener which
 * throws keeps neither the others nor the connection (B9), and one that leaves or changes the user ends it (B16).
 *
 * @param failed what is done about a packet that cannot be encoded
 */
function emitBuffered(
  socket: Socket,
  report: (error: unknown) => void,
  failed: (packet: Buffered, error: unknown) => void,
): void {
  const inner = socket as unknown as Inner;
  const isolated = (run: () => void) => {
    try {
      run();
    } catch (error) {
      report(error);
    }
  };
  // Read anew each time: a change of user puts others in their place.
  while (socket.receiveBuffer.length > 0) {
    const event = socket.receiveBuffer.shift() as unknown[];
    isolated(() => inner.emitEvent(event));
  }
  while (socket.connected) {
    const [packet] = socket.sendBuffer;
    if (!packet) break;
    isolated(() => inner.notifyOutgoingListeners(packet));
    if (!socket.connected || socket.sendBuffer[0] !== packet) continue;
    socket.sendBuffer.shift();
    try {
      inner.packet(packet);
    } catch (error) {
      report(error);
      failed(packet, error);
    }
  }
}

/**
 * Makes a Socket's methods do what AuthSocket's do, and `emitWithAck` settle whatever happens (B18).
 *
 * @param hasQueue Socket.IO's `retries` is on: what was sent is sent again on the next connection.
 * @param report what becomes of an error that a listener of the app's throws
 */
export function patchSocket(
  socket: Socket,
  owner: SocketOwner,
  hasQueue: boolean,
  report: (error: unknown) => void,
): SocketPatch {
  /** With the packet, if it was buffered. */
  const pending = new Map<(error: unknown) => void, Buffered | undefined>();
  let sealedBy: Error | undefined;
  let connections = 0;

  const emitWithAck = (...args: Parameters<Socket["emitWithAck"]>) => {
    if (sealedBy) return Promise.reject(sealedBy);
    const { length } = socket.sendBuffer;
    const answer = Socket.prototype.emitWithAck.apply(socket, args);
    const buffered = socket.sendBuffer[length];
    return new Promise((resolve, reject) => {
      pending.set(reject, buffered);
      void answer.then(resolve, reject).then(() => pending.delete(reject));
    });
  };

  const auth = (answer: (payload: object) => void) => owner.asked(answer);
  Object.defineProperty(socket, "auth", {
    get: () => auth,
    // B25: Socket.IO's own idiom would end all that is done here.
    set: () => check(false, "payload", `used in the place of "socket.auth", which AuthSocket sets`),
  });
  Object.assign(socket, {
    connect: () => {
      if (!sealedBy) owner.connect();
      return socket;
    },
    disconnect: () => {
      if (!sealedBy) owner.disconnect();
      return socket;
    },
    emitWithAck,
    // What the server has asked on one connection is not answered on the next, which may be another user's (B16), nor before
    // its CONNECT, which would end it.
    ack: (id: number) => {
      const connection = connections;
      const answer = (Socket.prototype as unknown as Inner).ack.call(socket, id);
      return (...args: unknown[]) => {
        if (socket.connected && connection === connections) answer(...args);
      };
    },
    emitBuffered: () =>
      emitBuffered(socket, report, (packet, error) => {
        // B18: nobody will answer it.
        for (const [reject, buffered] of pending) if (buffered === packet) reject(error);
      }),
  });
  const dropListeners = listenFirst(
    socket,
    {
      connect: () => owner.accepted(),
      connect_error: (error: ConnectError) => owner.failed(error),
      disconnect: (reason: string) => owner.disconnected(reason),
    },
    report,
  );

  return {
    rejectPending(error) {
      for (const reject of pending.keys()) reject(error);
      pending.clear();
    },
    lost(error = new Error("socket has been disconnected")) {
      connections++;
      if (hasQueue) return;
      for (const [reject, packet] of pending) {
        if (packet && socket.sendBuffer.includes(packet)) continue;
        pending.delete(reject);
        reject(error);
      }
    },
    seal(error) {
      sealedBy = error;
    },
    detach() {
      sealedBy = disposed();
      dropListeners();
    },
  };
}

/** What those are told who wait for something that a disposed AuthSocket will not bring. */
export function disposed(): Error {
  return new Error("the AuthSocket was disposed of");
}
