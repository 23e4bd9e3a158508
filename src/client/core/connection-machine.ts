import { defined } from "./defined.ts";
import { AuthSocketError } from "./errors.ts";
import type { Grant } from "./grant.ts";
import { isDue, type TokenOutlook } from "./session-machine.ts";

/*
 * One namespace's connection. A machine without clock, session or Socket.IO.
 *
 *        connect, starting                    accepted
 *   idle ────────────────────▶ opening ───────────────────────▶ connected
 *    ▲  ▲     gaveUp           │ ▲ │ ▲  lost, cut for its token   │   │
 *    │  └──────────────────────┘ │ │ └────────────────────────────┘   │
 *    │                     asked │ │ unavailable                      │
 *    │           without a token │ └──────────▶ delayed ── tick ──▶   │
 *    │                           ▼                    (opening)       │
 *    │   disconnect,          awaiting ── session: ready ──▶ opening  │
 *    │   from everywhere         │                                    │
 *    │                           ▼ session: failing, or 10 s          │
 *    │                        parked ──── session: ready ──▶ opening  │
 *    │                                                                ▼
 *    └── signedOut ◀── session: signedOut, from everywhere     barred ──▶ refused
 *            └── session: any token in sight ──▶ opening                   └── connect ──▶ opening
 */
export type Connection =
  | { status: "idle"; error?: AuthSocketError }
  /** asked to connect, and looking for the token, which calls the app's code: it may have us disconnect */
  | ({ status: "starting" } & Attempt)
  /** Socket.IO is at work: the engine's handshake, its own backoff, or, once there is a grant, the server's answer */
  | ({ status: "opening"; grant?: Grant } & Attempt)
  /** Socket.IO has asked for a token that is still to come */
  | ({ status: "awaiting"; releaseAt: number } & Attempt)
  /** the engine is released until there is a token (B12) */
  | ({ status: "parked"; retryAt?: number } & Attempt)
  /** the server is out of service for a while */
  | ({ status: "delayed"; since: number; retryAt: number } & Attempt)
  | ({ status: "connected"; grant: Grant; cutAt?: number | undefined } & Live)
  | { status: "signedOut"; error?: AuthSocketError }
  | { status: "refused"; error: AuthSocketError };

interface Live {
  id: string;
  recovered: boolean;
  /**
   * B13: how this connection gets a new token: by `auth:renew` once the server has said hello; by an engine swap where the
   * app has chosen it; else at the server's cut.
   */
  renewal: "inBand" | "swap" | "cut";
  /** the token of the last renewal, which is not tried twice unless the server asks for it */
  renewing?: string | undefined;
  /** the server's word that it disconnects this socket, and when we leave if it does not */
  revoked?: { error: AuthSocketError; leaveAt: number };
  /** when the connection was accepted */
  since: number;
}

interface Attempt {
  /** from 1, since the connection was last up or asked for */
  attempt: number;
  error?: AuthSocketError;
  /** when the server last cut the connection over its token (B14) */
  cutAt?: number | undefined;
}

export type ConnectionEvent =
  | { type: "connect" }
  /** the session has been asked for a token */
  | { type: "prepared"; outlook: TokenOutlook }
  | { type: "disconnect" }
  /** Socket.IO calls for the token */
  | { type: "asked"; outlook: TokenOutlook; now: number }
  | { type: "accepted"; id: string; recovered: boolean; renewal: "swap" | "cut"; now: number }
  /** `auth:session` or `auth:expiring`; the session knows how long */
  | { type: "measured"; inBand: boolean; outlook: TokenOutlook }
  /** the server has taken the new token in band */
  | { type: "renewed"; grant: Grant }
  /** Socket.IO reconnects by itself */
  | { type: "lost" }
  | { type: "retried" }
  | { type: "gaveUp" }
  /** the server refused the token, or cut the connection over it; the session knows */
  | { type: "tokenRefused"; outlook: TokenOutlook }
  | { type: "cut"; outlook: TokenOutlook; now: number }
  | { type: "unavailable"; now: number; retryAt: number }
  | { type: "revoked"; error: AuthSocketError; now: number }
  /** the server wants this socket no more, and Socket.IO has let go of it */
  | { type: "barred"; error: AuthSocketError }
  | { type: "session"; outlook: TokenOutlook }
  /** B16; `sealed` where a queue of the last user's cannot be emptied */
  | { type: "userChanged"; outlook: TokenOutlook; sealed: boolean }
  | { type: "tick"; outlook: TokenOutlook; now: number };

/** What the driver does to the Socket, in this order. */
export type ConnectionEffect = "purge" | "prepare" | "close" | "open" | "answer" | "renew" | "swap";

export type ConnectionStep = readonly [Connection, ...ConnectionEffect[]];

/** B12: ms that an engine is held open for a token. */
const PATIENCE = 10_000;

/** ms that a server has to disconnect a socket which it has revoked. Both at once would cost the siblings their engine. */
const FAREWELL = 2_000;

/** B14: ms after a reconnect within which another cut is no token matter. */
const CUT_WINDOW = 10_000;

/**
 * B5, B14: ms by which a server may cut before the renewal is due: a token's end is measured from its receipt, which came
 * later than its issue, and many an `iat` has its fraction of a second cut off.
 */
const HASTE = 1_000;

export function transition(connection: Connection, event: ConnectionEvent): ConnectionStep {
  switch (event.type) {
    case "connect":
      return isAtRest(connection) && !isSealed(connection)
        ? [{ status: "starting", attempt: 1 }, "prepare"]
        : [connection];
    case "prepared":
      return connection.status === "starting" ? start(event.outlook, again(connection)) : [connection];
    case "disconnect":
      // Also where Socket.IO gave up: it still has the Socket in hand, and a sibling's connect() would bring it back.
      return isSealed(connection)
        ? [connection]
        : [
            { status: "idle" },
            ...(connection.status === "idle" ? (["close"] as const) : closing(connection)),
          ];
    case "gaveUp":
      return isUnderWay(connection) ? [{ status: "idle", ...errorOf(connection) }] : [connection];
    case "barred":
      return isUnderWay(connection) ? [{ status: "refused", error: event.error }] : [connection];
    case "revoked":
      return connection.status === "connected"
        ? [{ ...connection, revoked: { error: event.error, leaveAt: event.now + FAREWELL } }]
        : [connection];
    case "asked":
      return asked(connection, event);
    case "accepted": {
      if (connection.status !== "opening" || !connection.grant) return [connection];
      const { id, recovered, renewal, now } = event;
      const { grant, cutAt } = connection;
      return [{ status: "connected", id, recovered, renewal, grant, cutAt, since: now, renewing: undefined }];
    }
    case "measured": {
      if (connection.status !== "connected") return [connection];
      const renewal = event.inBand && connection.renewal === "cut" ? "inBand" : connection.renewal;
      return renew({ ...connection, renewal, renewing: undefined }, event.outlook);
    }
    case "renewed":
      return connection.status === "connected" ? [{ ...connection, grant: event.grant }] : [connection];
    case "lost":
      if (connection.status === "connected" && connection.revoked) {
        return [{ status: "refused", error: connection.revoked.error }, "close"];
      }
      return isUnderWay(connection) ? [{ status: "opening", ...again(connection) }] : [connection];
    case "retried":
      return connection.status === "opening"
        ? [{ ...connection, attempt: connection.attempt + 1 }]
        : [connection];
    case "tokenRefused":
      return isUnderWay(connection) ? restart(connection, event.outlook) : [connection];
    case "cut":
      return isUnderWay(connection) ? restart(connection, event.outlook, event.now) : [connection];
    case "unavailable": {
      const { now, retryAt } = event;
      return isUnderWay(connection)
        ? [{ status: "delayed", ...again(connection), since: now, retryAt }]
        : [connection];
    }
    case "session":
      return follow(connection, event.outlook);
    case "userChanged":
      return changeUser(connection, event);
    case "tick":
      return tick(connection, event);
    default:
      return event satisfies never;
  }
}

/** Socket.IO wants the CONNECT payload; also where the app opened the Manager behind an idle socket's back. */
function asked(
  connection: Connection,
  { outlook, now }: ConnectionEvent & { type: "asked" },
): ConnectionStep {
  if (connection.status === "connected" || !(isUnderWay(connection) || connection.status === "idle"))
    return [connection];
  const attempt = again(connection);
  if (outlook.status === "ready") return [{ status: "opening", ...attempt, grant: outlook.grant }, "answer"];
  // Not released on the spot: Socket.IO is in the midst of opening its Manager.
  return [{ status: "awaiting", ...attempt, releaseAt: outlook.status === "pending" ? now + PATIENCE : now }];
}

function follow(connection: Connection, outlook: TokenOutlook): ConnectionStep {
  const { status } = connection;
  if (status === "idle" || status === "refused") return [connection];
  if (outlook.status === "signedOut") {
    return [{ ...outlook }, ...closing(connection)];
  }
  switch (status) {
    case "signedOut":
      return start(outlook, { attempt: 1 });
    case "parked":
      return outlook.status === "pending" ? [connection] : restart(connection, outlook);
    case "awaiting":
      if (outlook.status === "ready") {
        return [{ status: "opening", ...again(connection), grant: outlook.grant }, "answer"];
      }
      return outlook.status === "failing" ? [parked(again(connection), outlook), "close"] : [connection];
    case "opening":
      // Before CONNECT: an engine without a token in sight is of no use (B12).
      return outlook.status === "failing" && !connection.grant
        ? [parked(again(connection), outlook), "close"]
        : [connection];
    case "connected":
      return renew(connection, outlook);
    case "starting":
    case "delayed":
      return [connection];
    default:
      return status satisfies never;
  }
}

/** B13: a live connection is given the session's token where it still has an older one. */
function renew(connection: Connection & { status: "connected" }, outlook: TokenOutlook): ConnectionStep {
  if (outlook.status !== "ready") return [connection];
  const { grant } = outlook;
  const { renewal, renewing } = connection;
  const token = grant.accessToken;
  // The same token, though the session may know more of it by now.
  if (token === connection.grant.accessToken)
    return [grant === connection.grant ? connection : { ...connection, grant }];
  if (renewal === "cut" || renewing === token) return [connection];
  return [{ ...connection, renewing: token }, renewal === "inBand" ? "renew" : "swap"];
}

/** B16: nothing that one user left in the Socket reaches the next. */
function changeUser(
  connection: Connection,
  event: ConnectionEvent & { type: "userChanged" },
): ConnectionStep {
  const { outlook, sealed } = event;
  const close = closing(connection);
  if (isSealed(connection)) return [connection, "purge"];
  if (sealed && outlook.status !== "signedOut") {
    const error = new AuthSocketError(
      "user_changed",
      `another user has signed in, and the "retries" queue cannot be emptied: make a new AuthSocket`,
    );
    return [{ status: "refused", error }, "purge", ...close];
  }
  if (connection.status === "idle") return [connection, "purge"];
  const [state, ...effects] = start(outlook, { attempt: 1 });
  return [state, "purge", ...close, ...effects];
}

function tick(connection: Connection, { outlook, now }: ConnectionEvent & { type: "tick" }): ConnectionStep {
  // B5: by a clock that has been put back, it would take hours.
  if (connection.status === "delayed" && (now >= connection.retryAt || now < connection.since)) {
    return restart(connection, outlook);
  }
  if (connection.status === "connected" && connection.revoked && now >= connection.revoked.leaveAt) {
    return [{ status: "refused", error: connection.revoked.error }, "close"];
  }
  if (connection.status === "awaiting" && now >= connection.releaseAt) {
    const [state, ...effects] = follow(connection, outlook);
    return state.status === "awaiting" ? [parked(again(connection), outlook), "close"] : [state, ...effects];
  }
  return [connection];
}

/** When a connection wants its next `tick`; undefined: it waits for something else. */
export function tickDueAt(connection: Connection): number | undefined {
  switch (connection.status) {
    case "connected":
      return connection.revoked?.leaveAt;
    case "awaiting":
      return connection.releaseAt;
    case "delayed":
      return connection.retryAt;
    default:
      return undefined;
  }
}

/** Whether the connection needs a token now or soon (B4). */
export function isInDemand({ status }: Connection): boolean {
  return status !== "idle" && status !== "signedOut" && status !== "refused";
}

/**
 * B14: whether the server had its reason in the connection's token: due for renewal, of unknown expiry, or no longer the
 * session's. Not so when it cuts again at once; half a lifetime of a token that lives for seconds is not at once, and is all
 * the haste that it may have.
 *
 * @param current the session's access token
 */
export function isCutOverToken(connection: Connection, current: string | undefined, now: number): boolean {
  if (connection.status !== "connected") return false;
  const { grant, cutAt, since } = connection;
  // B5: by a clock that has been put back, nothing is due.
  if (now < since) return true;
  const half = (grant.lifetime ?? Number.POSITIVE_INFINITY) / 2;
  if (cutAt !== undefined && now - cutAt < Math.min(CUT_WINDOW, half)) return false;
  const dueBy = now + Math.min(HASTE, half);
  return grant.expiresAt === undefined || isDue(grant, dueBy) || grant.accessToken !== current;
}

function start(outlook: TokenOutlook, attempt: Attempt): ConnectionStep {
  switch (outlook.status) {
    case "ready":
    case "pending":
      return [{ status: "opening", ...attempt }, "open"];
    case "failing":
      return [parked(attempt, outlook)];
    case "signedOut":
      return [{ ...outlook }];
    default:
      return outlook satisfies never;
  }
}

/** After a failed attempt. It goes on counting as the current one until the next begins. */
function restart(connection: Connection, outlook: TokenOutlook, cutAt?: number): ConnectionStep {
  const failed = { ...again(connection), ...defined({ cutAt }) };
  if (outlook.status === "failing") return [parked(failed, outlook)];
  return start(outlook, "attempt" in connection ? { ...failed, attempt: failed.attempt + 1 } : failed);
}

function parked(attempt: Attempt, outlook: TokenOutlook): Connection {
  const { error, retryAt } = outlook.status === "failing" ? outlook : {};
  return { status: "parked", ...attempt, ...defined({ error, retryAt }) };
}

/** The same attempt, going on. */
function again(connection: Connection | Attempt): Attempt {
  const cutAt = "cutAt" in connection ? connection.cutAt : undefined;
  return { attempt: "attempt" in connection ? connection.attempt : 1, ...errorOf(connection), cutAt };
}

function errorOf(connection: Connection | Attempt): { error?: AuthSocketError } {
  return "error" in connection && connection.error ? { error: connection.error } : {};
}

/** Socket.IO has the Socket in hand. */
function isUnderWay({ status }: Connection): boolean {
  return status === "opening" || status === "awaiting" || status === "connected";
}

function isAtRest({ status }: Connection): boolean {
  return status === "idle" || status === "signedOut" || status === "refused";
}

/** B16: a socket whose `retries` queue still holds another user's packets. */
function isSealed(connection: Connection): boolean {
  return connection.status === "refused" && connection.error.code === "user_changed";
}

function closing(connection: Connection): ConnectionEffect[] {
  return isUnderWay(connection) ? ["close"] : [];
}
