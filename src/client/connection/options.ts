import type { ManagerOptions, SocketOptions } from "socket.io-client";
import type { AuthSession } from "../auth-session.ts";
import { check, checkOptions, FLAG, FUNCTION, OBJECT, type Rules } from "../option-check.ts";
import { type AuthSessionOptions, SESSION_OPTIONS } from "../session/options.ts";
import type { ConnectError } from "./refusal.ts";

type Shared = { session: AuthSession } & {
  [Option in Exclude<AllSessionOptions, "allowInsecure">]?: undefined;
};
type AllSessionOptions = AuthSessionOptions extends infer Options
  ? Options extends unknown
    ? keyof Options
    : never
  : never;

/** Either a `session` that is shared with others, or the options of a session to make. */
export type AuthSocketOptions = (Shared | (AuthSessionOptions & { session?: undefined })) & SocketOnlyOptions;

interface SocketOnlyOptions {
  /**
   * Whether the constructor connects. Default: true in a browser; elsewhere true only for a server on this machine, and only if
   * the refresh URL is not relative.
   */
  autoConnect?: boolean | undefined;
  /** Options of Socket.IO's Manager and Socket, except those that AuthSocket sets itself. */
  io?:
    | Partial<Omit<ManagerOptions & SocketOptions, "auth" | "autoConnect" | "forceNew" | "multiplex">>
    | undefined;
  /**
   * Returns what the socket sends as Socket.IO's `auth` when it connects: a plain object without `pid` and `offset`, which
   * Socket.IO sets itself. `token` is undefined for a guest and with credential "cookie". Default: `{ token }`.
   *
   * @example payload: (token) => ({ token: `Bearer ${token}`, room })
   */
  payload?: ((token: string | undefined) => object) | undefined;
  /** Whether it connects as a guest, without a token, while nobody is signed in. Default: false. */
  anonymous?: boolean | undefined;
  /**
   * How an open connection gets a new token. "auto": on the open connection if the server supports `auth:renew`, otherwise by one
   * immediate reconnect when the server disconnects it. "reconnect": by a reconnect as soon as there is a new token and
   * everything has been sent, for servers that do not support `auth:renew`. Best with connection state recovery. Default: "auto".
   */
  renewal?: "auto" | "reconnect" | undefined;
  /**
   * Events by which a server refuses one of the app's events and keeps the connection. Each name has a function. The function
   * gets the event's arguments and returns true if the token is the reason. The socket then reconnects with a fresh token after
   * everything has been sent. It does not send the refused event again.
   *
   * @example refusalEvents: { exception: (error) => error.status === 401 }
   */
  // biome-ignore lint/suspicious/noExplicitAny: a server's events, whose shape only its user knows
  refusalEvents?: Record<string, (...args: any[]) => boolean> | undefined;
  /** Whether refreshing the token could fix a refused connection. Default: the exported `isTokenRefused`. */
  isTokenRefused?: ((error: ConnectError) => boolean) | undefined;
  /** Allows tokens over plain http or ws to hosts that are not loopback (S3). Default: false. */
  allowInsecure?: boolean | undefined;
}

const SOCKET_OPTIONS: Rules = {
  session: [(session) => typeof Object(session)["~session"] === "object", "an AuthSession"],
  autoConnect: FLAG,
  io: OBJECT,
  payload: FUNCTION,
  anonymous: FLAG,
  renewal: [(value) => value === "auto" || value === "reconnect", `"auto" or "reconnect"`],
  refusalEvents: OBJECT,
  isTokenRefused: FUNCTION,
  allowInsecure: FLAG,
};

/** @throws TypeError that names the option */
export function checkSocketOptions(options: AuthSocketOptions): void {
  checkOptions(
    options,
    { ...SESSION_OPTIONS, ...SOCKET_OPTIONS },
    "",
    `: put Socket.IO's options under "io"`,
  );
  const { session, io = {}, refusalEvents = {} } = options;
  for (const [event, isRefused] of Object.entries(refusalEvents)) {
    check(FUNCTION[0](isRefused), `refusalEvents.${event}`, FUNCTION[1]);
  }
  for (const name of ["auth", "autoConnect", "forceNew", "multiplex"]) {
    check(
      !(name in io),
      `io.${name}`,
      name === "auth" ? `left out: use "payload"` : "left out: AuthSocket sets it",
    );
  }
  if (!session) return;
  for (const name of Object.keys(SESSION_OPTIONS)) {
    const isFree = name in SOCKET_OPTIONS || options[name as keyof AuthSocketOptions] === undefined;
    check(isFree, name, `left out with "session": give it to the AuthSession`);
  }
}
