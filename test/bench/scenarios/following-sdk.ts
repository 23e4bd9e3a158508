import type { ContenderName } from "../contenders/contender.ts";
import { interleaved } from "../interleaving.ts";
import { countRow } from "../report/figures.ts";
import { type Check, check } from "../report/row.ts";
import { type Bench, hostOf, isOurs, type Scenario } from "./scenario.ts";

/** ms; the SDK refreshes when half of it is over */
const LIFETIME = 2_000;
/** ms, whatever the pace: a storm of refreshes needs no longer to be seen */
const DURATION = 10_000;

const TABS = [1, 2, 3];

const titleOf = (what: string) =>
  `an identity SDK's refreshes in three tabs, ${DURATION / 1_000} s, Chromium: ${what}`;

const REFRESHES = titleOf("additional refreshes");
const DISCONNECTS = titleOf("disconnects");

interface Round {
  /** refreshes that the SDK made of its own accord, and all others */
  own: number;
  beyond: number;
  disconnects: number;
  signedOut: boolean;
  missing: number;
}

/** An identity SDK keeps the tokens, refreshes them automatically, and announces each refresh in all tabs. */
export const followingSdk: Scenario = {
  name: "following-sdk",
  measures: [REFRESHES, DISCONNECTS],
  async run(bench) {
    const those = bench.contenders.filter((name) => name !== "raw" && name !== "realtimehttpauthclient");
    // All at once, because counts do not depend on it.
    const each = those.map(async (name) => {
      await openPages(bench, name);
      return interleaved(bench.repetitions, [name], () => round(bench, name));
    });
    const measured = new Map((await Promise.all(each)).flatMap((one) => [...one]));
    return {
      rows: [
        countRow(REFRESHES, measured, ({ beyond }) => beyond, 0),
        countRow(DISCONNECTS, measured, ({ disconnects }) => disconnects, 0),
      ],
      checks: [...measured].flatMap(([name, rounds]) => verify(name, rounds)),
    };
  },
};

/** Each contender has a server, and so pages, of its own. */
const serverOf = ({ site }: Bench, contender: ContenderName) =>
  site("authsocket", `${contender} and an identity SDK`);

/** Opens the tabs for somebody else, because a token would age meanwhile on a slow machine. */
async function openPages(bench: Bench, contender: ContenderName): Promise<void> {
  const server = await serverOf(bench, contender);
  const user = await server.open({ first: LIFETIME });
  const order = { url: server.url, user };
  await Promise.all(TABS.map((tab) => hostOf(bench, "Chromium").run("enter", order, tab)));
}

async function round(bench: Bench, contender: ContenderName): Promise<Round> {
  const host = hostOf(bench, "Chromium");
  const server = await serverOf(bench, contender);
  const lifetime = LIFETIME * bench.pace;
  // Identity providers rotate: a refresh token that is used twice signs the user out.
  const user = await server.open({ first: lifetime, later: lifetime, rotation: true });
  const order = { contender, url: server.url, user, duration: DURATION };
  // One tab signs in, and the others find the token in the store.
  await host.run("enter", order);
  const followings = await Promise.all(TABS.map((tab) => host.run("follow", order, tab)));
  const { refreshes, refused } = await server.seen(user);
  const sum = (count: (following: (typeof followings)[number]) => number) =>
    followings.reduce((total, following) => total + count(following), 0);
  const own = sum(({ own }) => own);
  return {
    own,
    beyond: refreshes.length + refused - own,
    disconnects: sum(({ disconnects }) => disconnects),
    signedOut: followings.some(({ signedOut }) => signedOut),
    missing: sum(({ connected }) => Number(!connected)),
  };
}

function verify(contender: ContenderName, rounds: readonly Round[]): Check[] {
  if (!isOurs(contender)) return [];
  const title = `an identity SDK's refreshes in three tabs: ${contender}`;
  const each = <Value>(words: string, read: (round: Round) => Value, wanted: Value) =>
    check(`${title} ${words}`, [...new Set(rounds.map(read))], [wanted]);
  return [
    each("has refreshes to follow", ({ own }) => own > 0, true),
    each("refreshes never beside the SDK", ({ beyond }) => beyond, 0),
    each("stays signed in", ({ signedOut }) => signedOut, false),
    each("is connected in all tabs at the end", ({ missing }) => missing, 0),
    ...(contender === "AuthSocket auto"
      ? [each("is never disconnected", ({ disconnects }) => disconnects, 0)]
      : []),
  ];
}
