import type { Namespace, Socket } from "socket.io";
import { AuthError, isAuthError } from "../auth-error.ts";
import type { Nodes } from "../cluster/nodes.ts";
import { CLOCK_SKEW, type Revocation, SERVER_SCOPE } from "../cluster/revocations.ts";
import { type AuthenticatedSocket, setSocketData } from "../connection/authenticated-socket.ts";
import { ExpiryClock } from "../connection/expiry-clock.ts";
import { serveGuest } from "../connection/guest-socket.ts";
import { LiveSocket } from "../connection/live-socket.ts";
import type { Rules } from "../options.ts";
import { Reporter } from "../reporter.ts";
import type { Device } from "../user-sockets.ts";
import { LATE, within } from "../verdict/deadline.ts";
import { withoutTokens } from "../verdict/redaction.ts";
import { Verification } from "../verdict/verification.ts";
import { CONNECT_DEADLINE, type Handshake, type Verified } from "./handshake.ts";
import { LockedOutWarning } from "./locked-out-warning.ts";
import { type Middleware, runMiddlewares } from "./middlewares.ts";
import { UserRegistry } from "./user-registry.ts";

/** What connection state recovery stores for a socket in addition to the app's data: whose it is, as this node knows it. */
export interface StoredAuth {
  /** Where it was connected, and by whose rules: it is restored nowhere else. */
  namespace: string;
  scope: string;
  /** undefined for a guest */
  subject: string | undefined;
  /** An `instant()` of the node that stored it. A later revocation prevents its recovery. */
  since: number;
  /** The same, by that node's clock when it was stored: an `instant()` stays ahead of a clock that was ahead for a moment. */
  at?: number;
  /** ms by which both may be later than by the clock of `node`, where the session began on another. */
  skew?: number;
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
  readonly #users = new UserRegistry();
  /** Weak, because an app may remove every listener of a socket, and then nothing reports its end until its expiry. */
  readonly #live = new WeakMap<object, LiveSocket>();
  readonly #guests = new WeakSet<object>();
  readonly #lockedOut = new LockedOutWarning();

  /**
   * @param scope what the rules go by between nodes: the name of the guarded namespace or `SERVER_SCOPE`, for instance
   * @param namespaces those that exist on this node
   */
  constructor(rules: Rules<AuthenticatedSocket>, nodes: Nodes, scope: string, namespaces: () => Namespace[]) {
    this.#rules = rules;
    this.#nodes = nodes;
    this.#reporter = new Reporter(rules.onEvent);
    this.#verification = new Verification(rules, this.#reporter);
    this.scope = scope;
    nodes.join(scope, {
      revoke: (revocation) => this.#users.revoke(revocation),
      devices: (subject) => this.#users.devices(subject),
      namespaces,
    });
  }

  /** Returns who sends a CONNECT, or why they are refused. */
  identify(handshake: Handshake, namespace: string): Promise<Verified | AuthError> {
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
    let error = await within(left, this.#refusalOfConnect(socket, handshake, middlewares, late.signal));
    if (error === LATE) {
      late.abort();
      const cause = new Error(
        `A client's CONNECT was not answered within ${CONNECT_DEADLINE / 1_000} s. Check that every middleware calls next()`,
      );
      this.#reporter.fault(where, cause);
      error = new AuthError("unavailable", undefined, { cause });
    }
    if (this.scope === SERVER_SCOPE && isAuthError(error) && error.code === "token_missing") {
      this.#lockedOut.refused(nsp);
    }
    if (error) {
      const subject = handshake.verified?.identity?.subject;
      const reason = isAuthError(error) ? { code: error.code } : { error: withoutTokens(error) };
      this.#reporter.tell({ type: "refused", ...where, subject, ...reason });
    }
    return error;
  }

  /** Takes over a socket that has just been connected. */
  welcome(socket: AuthenticatedSocket, handshake: Handshake): void {
    const { verified, since, origin, begun } = handshake;
    const { id, nsp } = socket;
    const where = { namespace: nsp.name, id };
    if (!verified) {
      // It was never verified: Socket.IO has connected it without asking the guard.
      socket.disconnect();
      return;
    }
    const { identity } = verified;
    this.#lockedOut.entered(nsp);
    if (!identity) {
      this.#guests.add(socket);
      serveGuest(socket as Socket);
      this.#reporter.tell({ type: "accepted", ...where });
      return;
    }
    const live = new LiveSocket(
      socket,
      identity,
      { since, origin, begun },
      {
        verification: this.#verification,
        reporter: this.#reporter,
        clock: this.#clock,
        notice: this.#rules.notice,
        ended: (ended) => this.#users.remove(ended),
      },
    );
    this.#live.set(socket, live);
    this.#users.add(live);
    live.begin();
    this.#reporter.tell({ type: "accepted", ...where, subject: identity.subject });
    const revocation = this.revocationOf(handshake);
    // Not at once: whoever hears of this connection must also hear of its end.
    if (revocation) queueMicrotask(() => live.revoke(revocation.reason));
    else if (socket.recovered)
      live.holdEventsUntil(this.#verification.refusalOfUser(identity, socket, where));
  }

  /** The revocation that has ended a handshake since it began, if there was one. */
  revocationOf({ verified, since }: Handshake): Revocation | undefined {
    const subject = verified?.identity?.subject;
    return subject === undefined ? undefined : this.#nodes.revocations.after(this.scope, subject, since);
  }

  /** Returns what recovery must store for a socket; undefined if this guard has not admitted it. */
  stored(socket: AuthenticatedSocket): StoredAuth | undefined {
    const live = this.#live.get(socket);
    const where = { namespace: socket.nsp.name, scope: this.scope, node: this.#nodes.id };
    if (!live) return this.#guests.has(socket) ? { ...where, subject: undefined, since: 0 } : undefined;
    const { origin, since, begun } = live.beginning;
    const at = Date.now() - (performance.now() - begun);
    return { ...where, subject: live.subject, since: origin, at, skew: origin - since };
  }

  /**
   * Whether a stored session belongs to this namespace and user, and was not revoked, by this node or by any whose revocations it
   * knows. If so, later news of a revocation concerns it as if it had never been interrupted.
   */
  async mayResume(stored: unknown, handshake: Handshake, namespace: string): Promise<boolean> {
    const identity = handshake.verified?.identity;
    const { subject, since, at, skew: known = 0, node, ...from } = Object(stored) as Partial<StoredAuth>;
    if (from.namespace !== namespace || from.scope !== this.scope) return false;
    // Some adapters store undefined as null.
    const isSameUser = (subject ?? undefined) === identity?.subject;
    if (typeof node !== "string" || typeof since !== "number" || !isSameUser) return false;
    if (!identity) return true;
    if (!(await this.#nodes.knowsRevocationsOf(node))) return false;
    const isOwn = node === this.#nodes.id;
    const begun = isOwn ? since : Math.min(since, at ?? since);
    // That of the first node's clock, however many nodes the session has passed: none of them has made `since` later.
    const skew = isOwn ? known : CLOCK_SKEW;
    if (this.#nodes.revocations.after(this.scope, identity.subject, begun - skew)) return false;
    handshake.goesOn(begun, skew);
    return true;
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

  /** Returns why a CONNECT is refused, if so. */
  async #refusalOfConnect(
    socket: AuthenticatedSocket,
    handshake: Handshake,
    middlewares: readonly Middleware<AuthenticatedSocket>[],
    signal: AbortSignal,
  ): Promise<Error | undefined> {
    const { id, nsp } = socket;
    const where = { namespace: nsp.name, id };
    const verified = await this.identify(handshake, nsp.name);
    if (verified instanceof AuthError) return verified;
    const { identity } = verified;
    if (identity) {
      // Called after a recovered socket is connected. If it waited before that, events would be lost (T9).
      const refusal = socket.recovered
        ? undefined
        : await this.#verification.refusalOfUser(identity, socket, where);
      if (refusal) return refusal;
      setSocketData(socket, identity);
    }
    const failed = (error: unknown) => this.#reporter.fault(where, error);
    const refusal = await runMiddlewares(middlewares, socket, signal, failed);
    if (refusal) return refusal;
    return identity && identity.expiresAt <= Date.now() ? new AuthError("token_expired") : undefined;
  }
}
