import type { ManagerOptions, SocketOptions } from "socket.io-client";
import { AuthSession } from "./auth-session.ts";
import type { ConnectError } from "./core/refusal.ts";
import { check, checkFlag, checkFunction } from "./option-check.ts";
import { type AuthSessionOptions, checkSessionOptions } from "./session-options.ts";

/** A session of its own, described by the session's options, or one that is shared with others. */
export type AuthSocketOptions = (
  | ({ session: AuthSession } & { [Option in Exclude<keyof AuthSessionOptions, "allowInsecure">]?: never })
  | (AuthSessionOptions & { session?: never })
) & {
  /** Whether the constructor connects. Default: true, as in Socket.IO. */
  autoConnect?: boolean;
  /** Options of Socket.IO's Manager and Socket, less those that AuthSocket sets itself. */
  io?: Partial<Omit<ManagerOptions & SocketOptions, "auth" | "autoConnect" | "forceNew" | "multiplex">>;
  /**
   * How a live connection gets a new token. "auto": in band where the server speaks the protocol, else by one immediate
   * reconnect when the server cuts it. "reconnect": by a reconnect at once, drained first, for servers that cut at expiry,
   * have connection state recovery and do not speak the protocol. Default: "auto".
   */
  renewal?: "auto" | "reconnect";
  /** Whether a refused connection would be cured by a fresh token. Default: the exported `isTokenRefused`. */
  isTokenRefused?: (error: ConnectError) => boolean;
  /** Allows tokens over plain http or ws to hosts that are not loopback (S3). Default: false. */
  allowInsecure?: boolean;
};

/** @throws TypeError that names the option */
export function checkSocketOptions(options: AuthSocketOptions): void {
  const given = Object(options);
  checkFunction("isTokenRefused", given.isTokenRefused);
  checkFlag("autoConnect", given.autoConnect);
  check([undefined, "auto", "reconnect"].includes(given.renewal), "renewal", `"auto" or "reconnect"`);
  for (const name of ["auth", "autoConnect", "forceNew", "multiplex"]) {
    check(!(name in Object(given.io)), `io.${name}`, "left to AuthSocket");
  }
  if (given.session === undefined) {
    checkSessionOptions(options as AuthSessionOptions);
    return;
  }
  check(given.session instanceof AuthSession, "session", "an AuthSession");
  checkFlag("allowInsecure", given.allowInsecure);
  for (const name of [
    "refresh",
    "store",
    "credential",
    "leeway",
    "jitter",
    "refreshTimeout",
    "retry",
    "subject",
    "fetch",
  ]) {
    check(given[name] === undefined, name, `given to the AuthSession where "session" is given`);
  }
}
