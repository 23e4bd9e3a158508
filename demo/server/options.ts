import type { LimitOptions } from "./guards/limits.ts";

export interface DemoServerOptions {
  /** default 0: any free port */
  port?: number;
  /** ms, default 15 000 */
  accessTokenLifetime?: number;
  /** ms that a server session lasts, from its start or its latest renewal. default 60 000 */
  sessionLifetime?: number;
  /** ms that one sign-in lasts, however often it is refreshed. default 12 h */
  refreshLifetime?: number;
  /** ms for which a refresh token that is used again gets the same successor. default 0: using it twice ends the family */
  refreshGrace?: number;
  /** At least 32 bytes; what this server signs is signed with it or with what is derived from it. Default random: all then ends with the process. */
  secret?: string;
  /**
   * Where browsers find this server if a proxy stands in front: "https://demo.example". Its pages are let in, cookies are
   * `Secure`, and the proxy is believed whose address a request has. default: the loopback interface, plain http
   */
  origin?: string;
  limits?: LimitOptions;
  /** scrypt's N, a power of two, by which a password's check takes time and memory. default 16 384: a fifth of a second */
  passwordCost?: number;
  /** "redis://…", shared by several nodes, which need the same secret too. Default: this server is alone. */
  redisUrl?: string;
  /** ms between two ticks, default 1 000 */
  tickInterval?: number;
  /**
   * "inBand": a connection in "/" takes new tokens while it lives. "cut": as in tutorials, it is cut when its token expires.
   * default "inBand"
   */
  renewal?: "inBand" | "cut";
  /** Is told the code of each handshake that is refused. */
  onRefused?: (code: string) => void;
}
