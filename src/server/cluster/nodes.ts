import type { Namespace, Server } from "socket.io";
import type { Device } from "../user-sockets.ts";
import { Membership } from "./membership.ts";
import { ANSWER_DEADLINE, Questions } from "./questions.ts";
import { CLOCK_SKEW, instant, type Revocation, Revocations, SERVER_SCOPE } from "./revocations.ts";
import { Signal } from "./signal.ts";
import { endOnUnguardedServers } from "./unguarded-servers.ts";
import { isDuration, type Messages, Wire } from "./wire.ts";

/** Fewest ms for which a revocation is remembered, and told to nodes that were out of reach. */
const SHORTEST_MEMORY = 600_000;

/** How the id begins of a revocation that came without one. Each node has given it another, so nobody can tell who has heard it. */
const UNNAMED = "unnamed ";

/** What a node does with the users of one set of rules. */
export interface GuardedUsers {
  /** Ends the connections that were begun before it. */
  revoke(revocation: Revocation): void;
  devices(subject: string): Device[];
  /** The namespaces on this node that are guarded by these rules. */
  namespaces(): Namespace[];
}

/**
 * The nodes of a cluster that guard. Two rules hold:
 *
 * - A revocation is confirmed when each node that has said hello has answered, and no other Socket.IO server of the cluster
 *   has a connection of that user. A node that is away hears of it with the first hellos after its return.
 * - A session that another node has stored is restored only if the revocations which that node knew are known here, up to the
 *   latest hello.
 */
export class Nodes {
  /** This server, in what it stores and says. */
  readonly id: string = crypto.randomUUID();
  readonly revocations: Revocations;
  readonly #wire: Wire;
  readonly #membership: Membership;
  readonly #questions: Questions;
  readonly #news = new Signal();
  /** ms for which a session could still be recovered, a handshake could still end, or a silent node could still return. */
  readonly #memory: number;
  readonly #users = new Map<string, GuardedUsers>();

  constructor(server: Server) {
    this.#wire = new Wire(server);
    const { maxDisconnectionDuration = 0 } = server._opts.connectionStateRecovery ?? {};
    const sessions = maxDisconnectionDuration + server.connectTimeout() + CLOCK_SKEW;
    this.#memory = Math.max(sessions, SHORTEST_MEMORY);
    const revocations = new Revocations(this.#memory);
    this.revocations = revocations;
    const log = {
      get all() {
        return revocations.all.map(toMessage);
      },
      idsBetween: (youngest: number, oldest: number) =>
        revocations.idsBetween(youngest, oldest).filter((id) => !id.startsWith(UNNAMED)),
      add: (message: Messages["authsocket:revoke"]) => this.#hearRevocation(message, message.id),
    };
    this.#membership = new Membership(this.id, this.#wire, this.#news, log, this.#memory);
    this.#questions = new Questions(this.#wire, this.#membership, this.#news);
    this.#listen();
    const { close } = server;
    server.close = async (done) => {
      const leaving = this.#membership.leave();
      await close.call(server, (error) => void leaving.then(() => done?.(error)));
      await leaving;
    };
  }

  /** Answers for this node. */
  join(scope: string, users: GuardedUsers): void {
    this.#users.set(scope, users);
  }

  /**
   * Ends a user's connections on all nodes.
   *
   * @param gaveUp gets an error if one has not answered for as long as the revocation is remembered
   * @returns when all nodes have answered
   * @throws Error when one has not within ten seconds. It is asked on.
   */
  async revoke(
    scope: string,
    subject: string,
    reason: string,
    gaveUp: (error: unknown) => void,
  ): Promise<void> {
    const id = crypto.randomUUID();
    const revocation: Revocation = { id, scope, subject, reason, at: instant(), tick: performance.now() };
    this.#apply(revocation);
    await this.#questions.ask({
      id: revocation.id,
      patience: this.#memory,
      ask: () => this.#wire.send("authsocket:revoke", { ...toMessage(revocation), from: this.id }),
      askUnguardedServers: () =>
        endOnUnguardedServers(this.#users.get(scope)?.namespaces() ?? [], revocation),
      gaveUp,
    });
  }

  /**
   * A user's connections on all nodes.
   *
   * @throws Error when a node has not answered within ten seconds
   */
  async devices(scope: string, subject: string): Promise<Device[]> {
    const id = crypto.randomUUID();
    const own = this.#devices(scope, subject);
    const others = await this.#questions.ask({
      id,
      patience: ANSWER_DEADLINE,
      ask: () => this.#wire.send("authsocket:devices", { id, from: this.id, scope, subject }),
      askUnguardedServers: async () => {},
      gaveUp: () => {},
    });
    return [...own, ...others];
  }

  /** Whether all revocations that a node knows are known here. A new node waits until it has been told. */
  knowsRevocationsOf(node: unknown): Promise<boolean> {
    return this.#membership.knowsRevocationsOf(node);
  }

  #listen(): void {
    const membership = this.#membership;
    const questions = this.#questions;
    // Another program may send a revocation too, with whatever it calls its id. It never says hello, and answers nothing (V3).
    const isNode = (from: unknown) => membership.present.some((node) => node === from);
    const receive = <Event extends keyof Messages>(event: Event, hear: (message: Messages[Event]) => void) =>
      this.#wire.receive(event, (message) => {
        const { from } = message;
        if (from !== undefined && (event !== "authsocket:revoke" || isNode(from))) membership.heard(from);
        hear(message);
        this.#news.fire();
      });
    receive("authsocket:revoke", (message) => {
      this.#hearRevocation(message, isNode(message.from) ? message.id : undefined);
      const id = textOf(message.id);
      if (id && textOf(message.from))
        void this.#wire.send("authsocket:answer", { id, from: this.id, devices: [] });
    });
    receive("authsocket:devices", ({ id, scope, subject }) => {
      const devices = this.#devices(scope, subject);
      void this.#wire.send("authsocket:answer", { id, from: this.id, devices });
    });
    receive("authsocket:answer", ({ id, from, devices }) => questions.answered(id, from, devices));
    receive("authsocket:hello", (message) => membership.greeted(message));
    receive("authsocket:told", (message) => membership.told(message));
    receive("authsocket:bye", ({ from }) => {
      membership.forget(from);
      questions.left(from);
    });
  }

  /** @param id what it is known by. If a node gave none, each one that comes is another. */
  #hearRevocation({ scope, subject, reason, ago }: Messages["authsocket:revoke"], id: unknown): void {
    // V6: what another program sends as null, or in another shape, counts as missing. The user is disconnected all the same.
    const age = isDuration(ago) ? ago : 0;
    this.#apply({
      id: textOf(id) || `${UNNAMED}${crypto.randomUUID()}`,
      scope: textOf(scope) || SERVER_SCOPE,
      subject,
      reason: textOf(reason),
      // By this node's clock. Another clock may be behind, and would spare users who have connected since.
      at: instant() - age,
      tick: performance.now() - age,
    });
  }

  #apply(revocation: Revocation): void {
    if (this.revocations.remember(revocation)) this.#users.get(revocation.scope)?.revoke(revocation);
  }

  #devices(scope: string, subject: string): Device[] {
    return this.#users.get(scope)?.devices(subject) ?? [];
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function toMessage({ at, tick, ...revocation }: Revocation): Messages["authsocket:revoke"] {
  // An `instant()` orders what comes within one ms, and runs ahead where the clock was ahead for a moment.
  return { ...revocation, ago: Math.max(0, Math.min(instant() - at, performance.now() - tick)) };
}
