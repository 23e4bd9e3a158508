import type { CrowdAftermath } from "../client/crowd.ts";
import type { ContenderName } from "../contenders/contender.ts";
import type { Host } from "../hosts/host.ts";
import { startNode } from "../hosts/node-host.ts";
import { interleaved } from "../interleaving.ts";
import { spread } from "../report/figures.ts";
import { type Check, check } from "../report/row.ts";
import { peak, summarise } from "../statistics.ts";
import { type Bench, isOurs, joined, type Outcome, type Scenario } from "./scenario.ts";

/** Processes of clients. A garbage collection then holds up a part of the clients only. */
const PROCESSES = 5;

/** The share of a token's lifetime over which renewals are spread: AuthSocket's default. */
const SHARE = 0.1;

/** ms */
const WIDTH = 100;

/** The highest allowed peak, as a multiple of an even spread. */
const LIMIT = 1.5;

interface Size {
  clients: number;
  /** ms; the spread is a tenth of it */
  lifetime: number;
  /** ms left of it when clients begin to sign in */
  left: number;
  /** whether it is a sample large enough for one run */
  once: boolean;
}

const thousand: Size = { clients: 1_000, lifetime: 20_000, left: 12_000, once: false };
const thousands: Size = { clients: 5_000, lifetime: 100_000, left: 48_000, once: true };
/** For quick runs. A client that is late, on a busy machine, also refreshes once. */
const small: Size = { clients: 100, lifetime: 20_000, left: 7_000, once: true };

/** ms before expiry. Clients have renewed by then, before the server's notice, which comes to all at once. */
const LEEWAY = 1_500;

const titleOf = ({ clients, once }: Size) =>
  `${clients} clients whose tokens expire together, Node, no delay${once ? ", one run" : ""}: largest number of refreshes in a span of ${WIDTH} ms`;

interface Throng extends CrowdAftermath {
  /** when each client refreshed: ms since the epoch */
  refreshes: number[][];
}

/**
 * 5: all tokens expire at the same moment. There is no delay, because only the times of the requests count. Five thousand clients keep
 * two cores busy, so that requests wait and then come together. A thousand clients show the spread itself.
 */
export const crowding: Scenario = {
  name: "crowding",
  measures: [thousand, thousands].map(titleOf),
  async run(bench) {
    const hosts = await Promise.all(Array.from({ length: PROCESSES }, startNode));
    try {
      const outcomes: Outcome[] = [];
      // The smaller size first, so that engines warm up. One after the other, because they share the processes.
      for (const size of bench.quick ? [small] : [thousand, thousands])
        outcomes.push(await crowdIn(bench, hosts, size));
      return joined(outcomes);
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
  },
};

async function crowdIn(bench: Bench, hosts: Host[], size: Size): Promise<Outcome> {
  const those = bench.contenders.filter((name) => takesPart(name, size));
  const repetitions = size.once ? 1 : bench.repetitions;
  const measured = await interleaved(repetitions, those, (name) => gather(bench, hosts, name, size));
  const cells = Object.fromEntries([...measured].map(([name, throngs]) => [name, words(throngs, size)]));
  const even = evenSpread(size);
  const { median } = summarise(peaks(measured.get("AuthSocket auto") ?? []));
  const limit = even * LIMIT;
  // One run of five thousand has no budget: requests that waited for a processor come together.
  const budget = size.once
    ? {}
    : { budget: { limit: `≤ ${limit} (evenly spread: ${even})`, met: median <= limit } };
  const checks = [...measured].flatMap(([name, throngs]) => verify(name, throngs, size));
  return { rows: [{ measure: titleOf(size), cells, ...budget }], checks };
}

function takesPart(name: ContenderName, { once }: Size): boolean {
  // How a connection gets its new token does not change when it is fetched.
  if (name === "raw" || name === "AuthSocket reconnect") return false;
  // This contender does not reconnect: one run is enough to show it.
  return once || name !== "realtimehttpauthclient";
}

async function gather(
  { site }: Bench,
  hosts: readonly Host[],
  contender: ContenderName,
  { clients, lifetime, left }: Size,
): Promise<Throng> {
  const server = await site("late notice");
  const users = await server.openMany(clients, { first: left, age: lifetime - left });
  const order = { contender, url: server.directUrl, namespaces: ["/"], transports: ["websocket" as const] };
  const share = Math.ceil(clients / PROCESSES);
  const aftermaths = await Promise.all(
    hosts.map((host, index) => {
      const some = users.slice(index * share, (index + 1) * share);
      return host.run("crowd", { ...order, leeway: LEEWAY, users: some });
    }),
  );
  const sum = (read: (aftermath: CrowdAftermath) => number) =>
    aftermaths.reduce((total, aftermath) => total + read(aftermath), 0);
  return {
    early: Math.min(...aftermaths.map(({ early }) => early)),
    renewed: sum(({ renewed }) => renewed),
    signedOut: sum(({ signedOut }) => signedOut),
    refreshes: await server.refreshes(users),
  };
}

function evenSpread({ clients, lifetime }: Size): number {
  return (clients * WIDTH) / (lifetime * SHARE);
}

function peaks(throngs: readonly Throng[]): number[] {
  return throngs.map(({ refreshes }) => peak(refreshes.flat(), WIDTH));
}

/** The rest of a token's life must be twice the spread. Otherwise renewals come closer together. */
function isInTime({ early }: Throng, { lifetime }: Size): boolean {
  return early >= 2 * (LEEWAY + lifetime * SHARE);
}

function words(throngs: readonly Throng[], size: Size): string {
  const late = throngs.filter((throng) => !isInTime(throng, size)).length;
  const sum = (read: (throng: Throng) => number) => throngs.reduce((total, each) => total + read(each), 0);
  const signedOut = sum((throng) => throng.signedOut);
  const missing = sum(({ renewed }) => size.clients - renewed);
  return [
    spread(summarise(peaks(throngs)), (value) => value.toFixed(0)),
    ...(late > 0 ? [`connected too late ${late} of ${throngs.length} times`] : []),
    ...(signedOut > 0 ? [`${signedOut} signed out`] : []),
    ...(missing > 0 ? [`${missing} do not come back`] : []),
  ].join(", ");
}

function verify(name: ContenderName, throngs: readonly Throng[], { clients }: Size): Check[] {
  if (!isOurs(name)) return [];
  const title = `${clients} clients with one expiry: ${name}`;
  const every = (read: (throng: Throng) => number[]) => [...new Set(throngs.flatMap(read))];
  return [
    check(
      `${title} refreshes once each`,
      every(({ refreshes }) => refreshes.map(({ length }) => length)),
      [1],
    ),
    check(
      `${title} signs nobody out`,
      every(({ signedOut }) => [signedOut]),
      [0],
    ),
    check(
      `${title} has everybody connected`,
      every(({ renewed }) => [renewed]),
      [clients],
    ),
  ];
}
