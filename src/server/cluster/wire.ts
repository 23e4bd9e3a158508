import type { Namespace, Server } from "socket.io";
import type { Device } from "../user-sockets.ts";

/** What the nodes of a cluster say to each other. Durations are in ms; no clock is compared with another. */
export interface Messages {
  /**
   * Ends a user's connections. Documented in PROTOCOL.md: a process that is no Socket.IO server may send it too, and
   * gives neither `id` nor `from`. Then nobody answers.
   */
  "authsocket:revoke": {
    subject: string;
    reason?: string;
    /** Whose rules are meant: a namespace's name, or "*" for those of the Server. Default: "*". */
    scope?: string;
    /** since the user was revoked. default 0 */
    ago?: number;
    id?: string;
    from?: string;
  };
  /** Asks for a user's connections. */
  "authsocket:devices": { id: string; from: string; scope: string; subject: string };
  /** Answers the two above. */
  "authsocket:answer": { id: string; from: string; devices: Device[] };
  /** Says that a node is there, which nodes have told it their revocations, and the ids of the latest ones that it knows. */
  "authsocket:hello": { from: string; tellers: string[]; latest?: string[] };
  /** Tells a node the revocations that are remembered, and since when each node whose revocations they include was last heard. */
  "authsocket:told": {
    from: string;
    to: string;
    revocations: Messages["authsocket:revoke"][];
    covered: Record<string, number>;
  };
  /** Says that a node is closing. */
  "authsocket:bye": { from: string };
}

/**
 * Whether a message has what is read of it. Another version of this package, or another program, may send anything, and an error
 * in an adapter's callback would end the process (V6).
 */
const SHAPES: Record<keyof Messages, (message: Record<string, unknown>) => boolean> = {
  "authsocket:revoke": isRevocation,
  "authsocket:devices": ({ id, from, scope, subject }) => [id, from, scope, subject].every(isText),
  "authsocket:answer": ({ id, from, devices }) => isText(id) && isText(from) && Array.isArray(devices),
  "authsocket:hello": ({ from, tellers, latest }) =>
    isText(from) && Array.isArray(tellers) && (latest === undefined || Array.isArray(latest)),
  "authsocket:told": ({ from, to, revocations, covered }) =>
    isText(from) &&
    isText(to) &&
    Array.isArray(revocations) &&
    revocations.every(isRevocation) &&
    isObject(covered),
  "authsocket:bye": ({ from }) => isText(from),
};

/** ms within which the broker between the nodes must count them. */
const BROKER_DEADLINE = 2_000;

/**
 * Carries messages between the nodes through the adapter of the main namespace, because a dynamic namespace may not exist on
 * every node.
 */
export class Wire {
  readonly #main: Namespace;
  #isLeaving = false;

  constructor(server: Server) {
    this.#main = server.sockets;
  }

  /** Whether this node has said goodbye. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /** Whether the adapter connects nodes at all. The adapter of a single process inherits a method that prints a complaint. */
  get isShared(): boolean {
    return overrides(this.#main.adapter, "serverSideEmit");
  }

  /**
   * How many Socket.IO servers are joined, whether they guard or not; undefined where the adapter cannot count.
   *
   * @throws Error when the broker does not answer
   */
  async count(): Promise<number | undefined> {
    const { adapter } = this.#main;
    if (!overrides(adapter, "serverCount")) return undefined;
    return new Promise((resolve, reject) => {
      const late = () => reject(new Error("the adapter did not count the nodes in time"));
      const timer = setTimeout(late, BROKER_DEADLINE).unref();
      adapter
        .serverCount()
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }

  /**
   * Sends to all other nodes if the broker can be reached, which it checks first. Adapters do not handle errors of publishing: a
   * closed Redis client would reject without a handler, which ends the process (V6).
   *
   * @returns whether it was sent
   */
  async send<Event extends keyof Messages>(event: Event, message: Messages[Event]): Promise<boolean> {
    if (!this.isShared) return false;
    try {
      await this.count();
      if (this.#isLeaving) return false;
      this.#main.serverSideEmit(event, message);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Says goodbye, and sends nothing afterwards: as soon as the server is closed, the app may close the connections of the adapter.
   * It does not count itself any more, so a count of 1 is another node.
   */
  async leave(from: string): Promise<void> {
    this.#isLeaving = true;
    if (!this.isShared) return;
    try {
      await this.count();
      this.#main.serverSideEmit("authsocket:bye", { from });
    } catch {
      // The broker is away. The others notice the silence.
    }
  }

  receive<Event extends keyof Messages>(event: Event, listener: (message: Messages[Event]) => void): void {
    this.#main.on<string>(event, (received: unknown) => {
      const message = Object(received);
      if (SHAPES[event](message)) listener(message);
    });
  }
}

function isRevocation(message: unknown): boolean {
  return isText(Object(message).subject);
}

function isText(value: unknown): boolean {
  return typeof value === "string";
}

/** ms. An age that is negative or no number would never end. */
export function isDuration(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null;
}

/** Whether an object has a method of its own class rather than of the one at the bottom. */
function overrides(object: object, method: "serverSideEmit" | "serverCount"): boolean {
  const methods: unknown[] = [];
  for (let next: object | null = object; next; next = Object.getPrototypeOf(next)) {
    if (Object.hasOwn(next, method)) methods.push(Object.getOwnPropertyDescriptor(next, method)?.value);
  }
  return methods.length > 1;
}
