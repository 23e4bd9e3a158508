import { randomBytes } from "node:crypto";
import type { LimitOptions } from "./guards/limits.ts";
import { checkOrigin } from "./guards/origin-check.ts";
import { PASSWORD_COST } from "./people/password-hash.ts";

export interface DemoServerOptions {
  /** default 0: any free port */
  port?: number;
  /** ms, default 15 000 */
  accessTokenLifetime?: number;
  /** How long a server session lasts after its start or latest renewal, in ms. default 60 000 */
  sessionLifetime?: number;
  /** How long a sign-in lasts, however often it is refreshed, in ms. default 12 h */
  refreshLifetime?: number;
  /** How long a refresh token can be used again, with the same result, in ms. default 0: using it twice ends the sign-in */
  refreshGrace?: number;
  /** At least 32 bytes. All signing keys come from it. default: a random one, so that a restart ends all sessions */
  secret?: string;
  /**
   * The origin that browsers use when a proxy is in front of this server, such as "https://demo.example". Cookies are then
   * `Secure`, and the proxy is trusted to name the client's address. default: none, browsers use http on this machine
   */
  origin?: string;
  limits?: LimitOptions;
  /** scrypt's N, a power of two: how much time and memory checking a password takes. default 16 384, a fifth of a second */
  passwordCost?: number;
  /** "redis://…" of the Redis that several nodes share. They need the same secret too. default: one process, no Redis */
  redisUrl?: string;
  /** The time between two ticks, in ms. default 1 000 */
  tickInterval?: number;
  /**
   * "inBand": a connection in "/" accepts new tokens while it lasts. "cut": the server cuts it when its token expires, as in
   * tutorials. default "inBand"
   */
  renewal?: "inBand" | "cut";
  /** Called with the code of each refused handshake. */
  onRefused?: (code: string) => void;
}

type Optional = "origin" | "limits" | "redisUrl" | "onRefused";

/** The options with their defaults. */
export type Settings = Required<Omit<DemoServerOptions, Optional>> & {
  [Name in Optional]: DemoServerOptions[Name] | undefined;
} & {
  /** Whether browsers use https. */
  secure: boolean;
};

/** @throws {TypeError} when "origin" is not a secure origin */
export function readOptions(options: DemoServerOptions): Settings {
  const origin = options.origin === undefined ? undefined : checkOrigin(options.origin);
  return {
    port: 0,
    secret: randomBytes(32).toString("base64url"),
    accessTokenLifetime: 15_000,
    refreshLifetime: 12 * 60 * 60 * 1000,
    refreshGrace: 0,
    sessionLifetime: 60_000,
    tickInterval: 1_000,
    renewal: "inBand",
    passwordCost: PASSWORD_COST,
    limits: undefined,
    redisUrl: undefined,
    onRefused: undefined,
    ...options,
    origin,
    secure: origin?.startsWith("https:") ?? false,
  };
}
