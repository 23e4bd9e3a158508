import type { Life } from "../client/live.ts";
import type { ContenderName, Transport } from "../contenders/contender.ts";
import { type Check, check, type Row } from "../report/row.ts";
import type { Seen } from "../server/main.ts";
import { losses } from "../statistics.ts";
import { type Bench, hostOf, isOurs, type Scenario } from "./scenario.ts";

/** ms between two renewals: tokens are renewed half-way, so that a slow machine is in time too */
const PERIOD = 1_600;
const RENEWALS = 10;
/** How often a client may be late. Whom the server cuts for that loses events, and says nothing of what a renewal loses. */
const ATTEMPTS = 3;

const NAMESPACES = ["/", "/n1", "/n2"];

const ways: [name: string, transports: Transport[]][] = [
  ["websocket", ["websocket"]],
  ["polling with upgrade", ["polling", "websocket"]],
];

const titleOf = (way: string) =>
  `${RENEWALS} renewals under load, three namespaces, ${way}, Node: lost, duplicated, answers lost, disconnects`;

/**
 * Ten renewals under load, in three namespaces: in band with `authsocket/server`, and by reconnecting to a server that has
 * connection state recovery and nothing else.
 */
export const renewing: Scenario = {
  name: "renewing",
  measures: ways.map(([way]) => titleOf(way)),
  async run(bench) {
    const ours = bench.contenders.filter(isOurs);
    const found = await Promise.all(
      ways.flatMap(([way, transports]) => ours.map((contender) => renew(bench, contender, way, transports))),
    );
    const rows: Row[] = ways.map(([way]) => ({
      measure: titleOf(way),
      cells: Object.fromEntries(
        found.filter((each) => each.way === way).map(({ name, cell }) => [name, cell]),
      ),
      budget: {
        limit: "0, 0, 0, 0",
        met: found.every(({ checks }) => checks.every(({ passed }) => passed)),
      },
    }));
    return { rows, checks: found.flatMap(({ checks }) => checks) };
  },
};

async function renew(bench: Bench, name: ContenderName, way: string, transports: Transport[]) {
  // The longer tokens live, the fewer renewals are there in the same time.
  const renewals = Math.ceil(RENEWALS / bench.pace);
  let damage = await suffer(bench, name, transports, renewals);
  for (let attempt = 1; damage.cuts > 0 && attempt < ATTEMPTS; attempt++) {
    damage = await suffer(bench, name, transports, renewals);
  }
  const checks = verify(`${renewals} renewals under load by ${way}: ${name}`, name, damage, renewals);
  const { lost, duplicated, rejected, disconnects } = damage;
  return { name, way, checks, cell: [lost, duplicated, rejected, disconnects].join(", ") };
}

async function suffer(bench: Bench, name: ContenderName, transports: Transport[], renewals: number) {
  const host = hostOf(bench, "Node");
  const where = await bench.site(name === "AuthSocket auto" ? "authsocket" : "recovery");
  const leeway = PERIOD * bench.pace;
  const lifetime = 2 * leeway;
  const user = await where.open({ first: lifetime, later: lifetime });
  const order = { contender: name, url: where.url, user, namespaces: NAMESPACES, transports };
  // Enough on a slow machine too: the server cuts a client whose renewal takes longer than a lifetime.
  const duration = renewals * lifetime;
  const lives = await host.run("live", { ...order, leeway, duration, renewals });
  return sum(lives, await where.seen(user, NAMESPACES));
}

function sum(lives: Life[], { refreshes, traffic }: Seen) {
  const all = lives.flatMap(({ sent, down }, index) => {
    const { up = [], asked = [], down: sentDown = 0 } = traffic[index] ?? {};
    return [losses(up, sent), losses(asked, sent), losses(down, sentDown)];
  });
  const total = <Value>(values: Value[], read: (value: Value) => number) =>
    values.reduce((total, value) => total + read(value), 0);
  return {
    refreshes: refreshes.length,
    lost: total(all, ({ lost }) => lost),
    duplicated: total(all, ({ duplicated }) => duplicated),
    cuts: total(traffic, ({ cuts }) => cuts),
    rejected: total(lives, ({ rejected }) => rejected),
    disconnects: total(lives, ({ disconnects }) => disconnects),
    sameIds: lives.every(({ sameId }) => sameId),
  };
}

function verify(
  title: string,
  name: ContenderName,
  damage: ReturnType<typeof sum>,
  renewals: number,
): Check[] {
  const { refreshes, cuts, lost, duplicated, rejected, disconnects, sameIds } = damage;
  return [
    check(`${title} renews that often`, refreshes >= renewals, true),
    check(`${title} is in time, so that the server cuts nothing`, cuts, 0),
    check(`${title} loses nothing`, lost, 0),
    check(`${title} gets nothing twice`, duplicated, 0),
    check(`${title} has every answer`, rejected, 0),
    check(`${title} keeps its ids`, sameIds, true),
    ...(name === "AuthSocket auto"
      ? [check(`${title} is never disconnected`, disconnects, 0)]
      : [check(`${title} replaces no engine in vain`, disconnects <= refreshes * NAMESPACES.length, true)]),
  ];
}
