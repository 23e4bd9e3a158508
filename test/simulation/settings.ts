import type { Choices } from "./choices.ts";

export type User = "alice" | "bob";

/** What kind of app a run is about. */
export interface Settings {
  /**
   * Where tokens are kept: the refresh token in an HttpOnly cookie and the access token in localStorage, or in the page's
   * memory; or both in localStorage, where the server has to bear with a token that is used twice within a grace.
   */
  keeping: "cookie" | "memory" | "held";
  /** tabs at first */
  tabs: number;
  /** of an access token, ms */
  lifetime: number;
  /** What an access token tells: its user and its life, by its claims; its life, by the answer that brings it; or nothing. */
  telling: "claims" | "expiresIn" | "nothing";
  /** ms for which a used refresh token is still taken */
  grace: number;
  /** A second account on each page, with one-time tokens in memory: under a name of its own, or at the same endpoint. */
  neighbour: "named" | "endpoint" | undefined;
  /** whether the Socket.IO server takes new tokens in band */
  inBand: boolean;
  /** whether the machine's clock is ever set */
  clockJumps: boolean;
  /** whether mishaps are part of it, or nothing but delays */
  mishaps: boolean;
}

/** By the rest of the seed's division. */
export const KEEPINGS = ["cookie", "memory", "held"] as const;

export function drawSettings(choices: Choices): Settings {
  const keeping = KEEPINGS[choices.seed % KEEPINGS.length] ?? "cookie";
  const inBand = choices.share("in band") < 0.6;
  // B14: a token whose end nobody tells must not be cut every few seconds.
  const opaque = inBand ? (["expiresIn", "nothing"] as const) : (["expiresIn", "expiresIn"] as const);
  return {
    keeping,
    tabs: 2 + Math.floor(choices.share("tabs") * 2),
    telling: choices.pick(choices.share("telling"), ["claims", "claims", ...opaque]),
    lifetime: choices.pick(choices.share("lifetime"), [10_000, 20_000]),
    grace: keeping === "held" || choices.share("grace") < 0.3 ? 600_000 : 0,
    neighbour: choices.pick(choices.share("neighbour"), [undefined, undefined, "named", "endpoint"]),
    inBand,
    clockJumps: inBand && choices.share("clock") < 0.25,
    mishaps: choices.share("mishaps") < 0.75,
  };
}

export function describeSettings(settings: Settings): string {
  const { keeping, tabs, telling, lifetime, grace, neighbour, inBand, clockJumps, mishaps } = settings;
  const tokens = {
    cookie: "refresh cookie, access token in localStorage",
    memory: "refresh cookie, access token in memory",
    held: "both tokens in localStorage",
  }[keeping];
  const kind = { claims: "JWTs", expiresIn: "opaque tokens with their life", nothing: "opaque tokens" }[
    telling
  ];
  const renewal = inBand ? "in band" : "at the server's cut";
  const bearing = grace > 0 ? ", used ones taken again" : "";
  const beside = neighbour ? `, a second account (${neighbour})` : "";
  const trouble = [mishaps ? "mishaps" : "delays only", ...(clockJumps ? ["clock jumps"] : [])].join(" and ");
  return `${tabs} tabs, ${tokens}, ${kind} of ${lifetime / 1000} s${bearing}, renewal ${renewal}${beside}, ${trouble}`;
}
