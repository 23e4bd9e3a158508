import type { Choices } from "./choices.ts";

export type User = "alice" | "bob";

/** What kind of app a run is about. */
export interface Settings {
  /**
   * Where tokens are kept: the refresh token in an HttpOnly cookie and the access token in localStorage, or in the page's
   * memory; or both in localStorage, where the server has to bear with a token that is used twice within a grace; or both
   * in sessionStorage, each tab signed in by itself; or all of it by an identity SDK.
   */
  keeping: "cookie" | "memory" | "held" | "perTab" | "source";
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
  /** Whether each page has a second session of the same user, under the same name. */
  hasSiblings: boolean;
  /** Whether the calls of the token store fail now and then: they throw, or they reject. */
  storeFaults: "throws" | "rejects" | undefined;
  /** whether the Socket.IO server takes new tokens in band */
  inBand: boolean;
  /** whether the machine's clock is ever set */
  clockJumps: boolean;
  /** whether mishaps are part of it, or nothing but delays */
  mishaps: boolean;
}

/** By the rest of the seed's division, where a seed is not about something rarer. */
export const KEEPINGS = ["cookie", "memory", "held"] as const;

/** In how many of the seeds of one kind of app the tokens are kept in a rarer way, and what else is rare in all kinds. */
const [RARER, SIBLINGS, FAULTS] = [0.25, 0.15, 0.15];

export function drawSettings(choices: Choices): Settings {
  const keeping = drawKeeping(choices);
  const inBand = choices.share("in band") < 0.6;
  // B14: a token whose end nobody tells must not be cut every few seconds.
  // B6: a duplicated tab works until its token's end, which it has to know, by a clock that is not set.
  const isToldEnd = !inBand || keeping === "perTab";
  const opaque = !isToldEnd ? (["expiresIn", "nothing"] as const) : (["expiresIn", "expiresIn"] as const);
  const telling: Settings["telling"] = choices.pick(choices.share("telling"), [
    "claims",
    "claims",
    ...opaque,
  ]);
  return {
    keeping,
    tabs: 2 + Math.floor(choices.share("tabs") * 2),
    telling,
    lifetime: choices.pick(choices.share("lifetime"), [10_000, 20_000]),
    grace: holdsRefreshToken(keeping) || choices.share("grace") < 0.3 ? 600_000 : 0,
    neighbour: choices.pick(choices.share("neighbour"), [undefined, undefined, "named", "endpoint"]),
    hasSiblings: keeping !== "perTab" && choices.share("siblings") < SIBLINGS,
    // B16: where tokens name nobody, a tab does not learn who has signed in from a store that could not be written.
    storeFaults:
      keeping !== "source" &&
      (keeping !== "cookie" || telling === "claims") &&
      choices.share("store faults") < FAULTS
        ? choices.pick(choices.share("store faults how"), ["throws", "rejects"])
        : undefined,
    inBand,
    clockJumps: inBand && keeping !== "perTab" && choices.share("clock") < 0.25,
    mishaps: choices.share("mishaps") < 0.75,
  };
}

function drawKeeping(choices: Choices): Settings["keeping"] {
  const usual = KEEPINGS[choices.seed % KEEPINGS.length] ?? "cookie";
  if (choices.share("rarer keeping") >= RARER || usual === "cookie") return usual;
  return usual === "held" ? "perTab" : "source";
}

/** Whether pages have the refresh token, and send it. */
export function holdsRefreshToken(keeping: Settings["keeping"]): boolean {
  return keeping === "held" || keeping === "perTab";
}

/** Whether all tabs read and write one store. */
export function sharesStore(keeping: Settings["keeping"]): boolean {
  return keeping === "cookie" || keeping === "held";
}

export function describeSettings(settings: Settings): string {
  const { keeping, tabs, telling, lifetime, grace, neighbour, inBand, clockJumps, mishaps } = settings;
  const { hasSiblings, storeFaults } = settings;
  const tokens = {
    cookie: "refresh cookie, access token in localStorage",
    memory: "refresh cookie, access token in memory",
    held: "both tokens in localStorage",
    perTab: "both tokens in sessionStorage",
    source: "an identity SDK",
  }[keeping];
  const kind = { claims: "JWTs", expiresIn: "opaque tokens with their life", nothing: "opaque tokens" }[
    telling
  ];
  const renewal = inBand ? "in band" : "at the server's cut";
  const bearing = grace > 0 ? ", used ones taken again" : "";
  const beside =
    (neighbour ? `, a second account (${neighbour})` : "") +
    (hasSiblings ? ", two sessions on each page" : "") +
    (storeFaults ? `, a store that now and then ${storeFaults}` : "");
  const trouble = [mishaps ? "mishaps" : "delays only", ...(clockJumps ? ["clock jumps"] : [])].join(" and ");
  return `${tabs} tabs, ${tokens}, ${kind} of ${lifetime / 1000} s${bearing}, renewal ${renewal}${beside}, ${trouble}`;
}
