import type { Namespace, Socket } from "socket.io";
import { AuthError, isAuthError } from "../auth-error.ts";
import type { Nodes } from "../cluster/nodes.ts";
import { CLOCK_SKEW, type Revocation, SERVER_SCOPE } from "../cluster/revocations.ts";
import { ExpiryClock } from "../connection/expiry-clock.ts";
import { serveGuest } from "../connection/guest-socket.ts";
import { type AuthenticatedSocket, LiveSocket, publish } from "../connection/live-socket.ts";
import type { Rules } from "../options.ts";
import { Reporter, warn } from "../reporter.ts";
import type { Device } from "../user-sockets.ts";
import { LATE, within } from "../verdict/deadline.ts";
import { withoutTokens } from "../verdict/redaction.ts";
import { Verification } from "../verdict/verification.ts";
import { CONNECT_DEADLINE, type Entrant, type Handshake } from "./handshake.ts";
import { type Middleware, runMiddlewares } from "./middlewares.ts";

/** The most namespaces that are warned of, because clients can invent the names of dynamic ones. */
const MOST_WARNINGS = 5;

/** What connection state recovery stores for a socket in addition to the app's data: whose it is, as this node knows it. */
export interface StoredAuth {
  /** undefined for a guest */
  subject: string | undefined;
  /** An `instant()` of the node that stored it. A later revocation prevents its recovery. */
  since: number;
  /** The node that stored it. */
  node: string;
}

/** One call of `authenticate()`: its rules, and the connections that they have admitted. */
export class Guard {
  readonly scope: string;
  readonly #nodes: Nodes;
  readonly #reporter: Reporter;
  readonly #verification: Verification<AuthenticatedSocket>;
  readonly #rules: Rules<AuthenticatedSocket>;
  readonly #clock = new ExpiryClock();
  /** By subject, so that the cost of ending a user depends on the user's sockets only (V8). */
  readonly #sockets = new Map<string, Set<LiveSocket>>();
  /** Weak, because an app may remove every listener of a socket, and then nothing reports its end. */
  readonly #live = new WeakMap<object, LiveSocket>();
  readonly #guests = new WeakSet<object>();
  /** Namespaces that somebody has entered, or that a warning has named. */
  readonly #entered = new WeakSet<object>();
  #warnings = 0;

  /**
   * @param scope the name of the guarded namespace or `SERVER_SCOPE`; undefined for a dynamic namespace
   * @param namespaces those that exist on this node
   */
  constructor(
    rules: Rules<AuthenticatedSocket>,
    nodes: Nodes,
    scope: string | undefined,
    namespaces: () => Namespace[],
  ) {
    this.#rules = rules;
    this.#nodes = nodes;
    this.#reporter = new Reporter(rules.onEvent);
    this.#verification = new Verification(rules, this.#reporter);
    this.scope = nodes.join(scope, {
      revoke: (revocation) => this.#revoke(revocation),
      devices: (subject) => this.#devices(subject),
      namespaces,
    });
  }

  /** Returns who sends a CONNECT, or why they are refused. */
  identify(handshake: Handshake, namespace: string): Promise<Entrant | AuthError> {
    return handshake.verify(async (token) => {
      const verdict = await this.#verification.identify(token, { namespace });
      if (!(verdict instanceof AuthError)) return { identity: verdict };
      return verdict.code === "token_missing" && this.#rules.guests ? { identity: undefined } : verdict;
    });
  }

  /** Returns why a socket may not enter, if so. The app's middlewares run last. */
  async admit(
    socket: AuthenticatedSocket,
    handshake: Handshake,
    middlewares: readonly Middleware<AuthenticatedSocket>[],
  ): Promise<Error | undefined> {
    const { id, nsp } = socket;
    const where = { namespace: nsp.name, id };
    const left = CONNECT_DEADLINE - (performance.now() - handshake.begun);
    const late = new AbortController();
    let error = await within(left, this.#objection(socket, handshake, middlewares, late.signal));
    if (error === LATE) {
      late.abort();
      const cause = new Error(
        `A client's CONNECT was not answered within ${CONNECT_DEADLINE / 1_000} s. Check that every middleware calls next()`,
      );
      this.#reporter.fault(where, cause);
      error = new AuthError("unavailable", undefined, { cause });
    }
    if (isAuthError(error) && error.code === "token_missing") this.#warnOfLockedOut(nsp);
    if (error) {
      const subject = handshake.entrant?.identity?.subject;
      const reason = isAuthError(error) ? { code: error.code } : { error: withoutTokens(error) };
      this.#reporter.tell({ type: "refused", ...where, subject, ...reason });
    }
    return error;
  }

  /** Takes over a socket that has just been connected. */
  welcome(socket: AuthenticatedSocket, { entrant, since }: Handshake): void {
    const { id, nsp } = socket;
    const where = { namespace: nsp.name, id };
    if (!entrant) {
      // It was never verified: Socket.IO has connected it without asking the guard.
      socket.disconnect();
      return;
    }
    const { identity } = entrant;
    this.#entered.add(nsp);
    if (!identity) {
      this.#guests.add(socket);
      serveGuest(socket as Socket);
      this.#reporter.tell({ type: "accepted", ...where });
      return;
    }
    const live = new LiveSocket(socket, identity, since, {
      verification: this.#verification,
      reporter: this.#reporter,
      clock: this.#clock,
      notice: this.#rules.notice,
      ended: (ended) => this.#release(ended),
    });
    this.#live.set(socket, live);
    this.#keep(live);
    live.begin();
    this.#reporter.tell({ type: "accepted", ...where, subject: identity.subject });
    const revocation = this.#nodes.revocations.after(this.scope, identity.subject, since);
    // Not at once: whoever hears of this connection must also hear of its end.
    if (revocation) queueMicrotask(() => live.revoke(revocation.reason));
    else if (socket.recovered) live.hold(this.#verification.objection(identity, socket, where));
  }

  /** Returns what recovery must store for a socket; undefined if this guard has not admitted it. */
  stored(socket: object): StoredAuth | undefined {
    const live = this.#live.get(socket);
    if (live) return { subject: live.subject, since: live.since, node: this.#nodes.id };
    return this.#guests.has(socket) ? { subject: undefined, since: 0, node: this.#nodes.id } : undefined;
  }

  /** Whether a stored session belongs to this user and was not revoked, by this node or by any whose revocations it knows. */
  async mayResume(stored: unknown, { identity }: Entrant): Promise<boolean> {
    const { subject, since, node } = Object(stored) as Partial<StoredAuth>;
    if (typeof node !== "string" || typeof since !== "number" || subject !== identity?.subject) return false;
    if (!identity) return true;
    if (!(await this.#nodes.knowsRevocationsOf(node))) return false;
    const begun = node === this.#nodes.id ? since : since - CLOCK_SKEW;
    return !this.#nodes.revocations.after(this.scope, identity.subject, begun);
  }

  /** Ends a user's connections on all nodes. */
  async disconnectUser(subject: string, reason: string): Promise<void> {
    const failed = (error: unknown) => this.#reporter.fault({ namespace: this.scope, subject }, error);
    try {
      await this.#nodes.revoke(this.scope, subject, reason, failed);
    } catch (error) {
      failed(error);
      throw error;
    }
  }

  /** A user's connections on all nodes. */
  devices(subject: string): Promise<Device[]> {
    return this.#nodes.devices(this.scope, subject);
  }

  async #objection(
    socket: AuthenticatedSocket,
    handshake: Handshake,
    middlewares: readonly Middleware<AuthenticatedSocket>[],
    signal: AbortSignal,
  ): Promise<Error | undefined> {
    const { id, nsp } = socket;
    const where = { namespace: nsp.name, id };
    const entrant = await this.identify(handshake, nsp.name);
    if (entrant instanceof AuthError) return entrant;
    const { identity } = entrant;
    if (identity) {
      // Called after a recovered socket is connected. If it waited before that, events would be lost (T9).
      const objection = socket.recovered
        ? undefined
        : await this.#verification.objection(identity, socket, where);
      if (objection) return objection;
      publish(socket, identity);
    }
    const failed = (error: unknown) => this.#reporter.fault(where, error);
    const refusal = await runMiddlewares(middlewares, socket, signal, failed);
    if (refusal) return refusal;
    return identity && identity.expiresAt <= Date.now() ? new AuthError("token_expired") : undefined;
  }

  /** V8: a package that makes a namespace of its own, such as admin-ui's "/admin", knows nothing about tokens. */
  #warnOfLockedOut(namespace: Namespace): void {
    const { name } = namespace;
    if (this.scope !== SERVER_SCOPE || name === "/" || this.#entered.has(namespace)) return;
    this.#entered.add(namespace);
    if (++this.#warnings > MOST_WARNINGS) return;
    warn(
      `The namespace "${name}" has refused a client without a token, because authenticate(io) guards all namespaces. ` +
        `If this namespace needs no tokens, exclude it: authenticate(io, { except: ["${name}"], … })`,
    );
  }

  #keep(live: LiveSocket): void {
    const sockets = this.#sockets.get(live.subject) ?? new Set();
    sockets.add(live);
    this.#sockets.set(live.subject, sockets);
  }

  #release(live: LiveSocket): void {
    const sockets = this.#sockets.get(live.subject);
    sockets?.delete(live);
    if (sockets?.size === 0) this.#sockets.delete(live.subject);
  }

  #revoke({ subject, reason, at }: Revocation): void {
    for (const live of [...(this.#sockets.get(subject) ?? [])]) {
      if (live.since <= at) live.revoke(reason);
    }
  }

  #devices(subject: string): Device[] {
    const sockets = [...(this.#sockets.get(subject) ?? [])];
    return sockets.filter(({ isConnected }) => isConnected).map(({ device }) => device);
  }
}
