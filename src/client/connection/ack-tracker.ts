import type { Socket } from "socket.io-client";

/** Watches what leaves a Socket, for a graceful reconnect: emits can be held back, and acknowledgements waited for. */
export interface AckTracker {
  /** The connection is gone: what was sent on it is not answered any more, and nothing is held back from the next. */
  lost(): void;
  /** From now on emits are buffered. Resolves when what was sent before has been acknowledged. */
  hold(): Promise<unknown>;
  /** Nothing is held back any more. */
  release(): void;
}

/** What Socket.IO declares private, and no build renames. */
interface Inner {
  readonly flags: { volatile?: boolean; fromQueue?: boolean };
  /** the id of the next event that is to be acknowledged */
  readonly ids: number;
  readonly acks: Record<number, (error: null) => void>;
  notifyOutgoingListeners(packet: { data: unknown[] }): void;
}

/**
 * @param hasQueue Socket.IO's `retries` is on: it sends an event when the server has acknowledged the one before.
 * @param report takes what an event of that queue, a listener or a callback has thrown
 */
export function trackAcks(socket: Socket, hasQueue: boolean, report: (error: unknown) => void): AckTracker {
  const { emit } = socket;
  const inner = socket as unknown as Inner;
  /** In the order of sending. */
  const unacknowledged = new Set<Promise<void>>();
  let isHeld = false;
  /** What the queue cannot send, for whoever has emitted it. */
  let unsendable: unknown;

  const watched = (acknowledge?: (...answer: unknown[]) => void) => {
    let watcher = (..._: unknown[]) => {};
    const acknowledged = new Promise<void>((resolve) => {
      watcher = (...answer) => {
        unacknowledged.delete(acknowledged);
        resolve();
        try {
          acknowledge?.apply(socket, unsendable === undefined ? answer : [unsendable]);
        } catch (error) {
          // B9: the queue of `retries` would not go on.
          report(error);
        }
      };
    });
    unacknowledged.add(acknowledged);
    // Socket.IO marks those that take an error.
    return Object.assign(watcher, acknowledge);
  };

  const send = (...args: unknown[]) => {
    const acknowledge = typeof args[args.length - 1] === "function" ? (args.pop() as () => void) : undefined;
    // The queue asks for acknowledgements itself, of all but volatile events: the server notices nothing of these. What it
    // sends again is waited for already.
    const { flags, ids, acks } = inner;
    if (isHeld && flags.fromQueue) {
      // T12: it stays the queue's first, which is sent with the next connection. Thrown away, it would use up its tries.
      Object.assign(socket, { flags: {} });
      return socket;
    }
    const isWatched = hasQueue ? !flags.volatile && !flags.fromQueue : acknowledge;
    if (isWatched) args.push(watched(acknowledge));
    else if (acknowledge) args.push(acknowledge);
    const wasHeld = isHeld;
    const { connected } = socket;
    // Only what is emitted is held: what arrives meanwhile is handed on as ever.
    if (wasHeld) socket.connected = false;
    try {
      return emit.apply(socket, args as Parameters<typeof emit>);
    } catch (error) {
      if (!flags.fromQueue) throw error;
      // B9: Socket.IO sends what waits in its queue before it tells of the connection. Its flags are not the next event's.
      Object.assign(socket, { flags: {} });
      report(error);
      const answer = acks[ids];
      // First, as Socket.IO does: an asker that disconnects would be answered once more, and cost the next event.
      Reflect.deleteProperty(acks, ids);
      unsendable = error ?? new Error("the event cannot be encoded");
      try {
        // No error: the queue takes it for answered, and goes on to the next.
        answer?.(null);
      } catch (thrown) {
        // B9: by a callback that the app gave to a plain Socket, before of() took that over. Nothing isolates it.
        report(thrown);
      }
      unsendable = undefined;
      return socket;
    } finally {
      if (wasHeld) {
        // T12: what is not the queue's is volatile.
        if (hasQueue && connected) socket.sendBuffer = [];
        socket.connected = connected;
      }
    }
  };

  const { notifyOutgoingListeners } = inner;
  Object.assign(socket, {
    emit: send,
    notifyOutgoingListeners(packet: { data: unknown[] }) {
      const { fromQueue } = inner.flags;
      try {
        notifyOutgoingListeners.call(socket, packet);
      } catch (error) {
        // B9: what the queue sends goes out all the same. Whoever emits anything else is told, as ever.
        if (!fromQueue) throw error;
        report(error);
      }
    },
  });

  return {
    lost: () => {
      isHeld = false;
      if (!hasQueue) unacknowledged.clear();
    },
    hold: () => {
      isHeld = true;
      const sent = socket.connected ? [...unacknowledged] : [];
      return Promise.all(hasQueue ? sent.slice(0, 1) : sent);
    },
    release: () => {
      isHeld = false;
      // What has waited in vain is not waited for again.
      if (!hasQueue) unacknowledged.clear();
    },
  };
}
