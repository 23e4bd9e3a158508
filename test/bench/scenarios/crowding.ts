import type { CrowdAftermath } from "../client/crowd.ts";
import type { ContenderName } from "../contenders/contender.ts";
import type { Host } from "../hosts/host.ts";
import { startNode } from "../hosts/node-host.ts";
import { interleaved } from "../interleaving.ts";
import { spread } from "../report/figures.ts";
import { type Check, check } from "../report/row.ts";
import { peak, summarise } from "../statistics.ts";
import { type Bench, isOurs, joined, type Outcome, type Scenario } from "./scenario.ts";

/** Processes of clients: one that collects its garbage holds up its own share only, and not all at once. */
const PROCESSES = 5;

/** Of a token's lifetime, that over which renewals are spread: AuthSocket's default. */
const SHARE = 0.1;

/** ms */
const WIDTH = 100;

/** Of the peak, as a multiple of an even spread. */
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
/** Who comes too late, on a busy machine, refreshes once just as well. */
const small: Size = { clients: 100, lifetime: 20_000, left: 7_000, once: true };

/** ms before expiry at which who renews early has done so: ahead of the server's notice, which comes to all at once. */
const LEEWAY = 1_500;

const titleOf = ({ clients, once }: Size) =>
  `${clients} clients with one expiry, Node, no delay${once ? ", one run" : ""}: most refreshes within ${WIDTH} ms`;

interface Throng extends CrowdAftermath {
  /** of each client, when: ms since the epoch */
  refreshes: number[][];
}

/**
 * 5: everybody's token expires at one moment. They are near, since all that is counted is when their requests come. Five
 * thousand keep two cores busy, and what has waited for those comes at once: the same spread of a thousand shows the draw itself.
 */
export const crowding: Scenario = {
  name: "crowding",
  measures: [thousand, thousands].map(titleOf),
  async run(bench) {
    const hosts = await Promise.all(Array.from({ length: PROCESSES }, startNode));
    try {
      const outcomes: Outcome[] = [];
      // The smaller ones first: engines warm up. One after the other: they share the processes.
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
  // One run of five thousand in few processes is a figure without a budget: what has waited for a processor comes at once.
  const budget = size.once ? {} : { budget: { limit: `≤ ${limit}, even is ${even}`, met: median <= limit } };
  const checks = [...measured].flatMap(([name, throngs]) => verify(name, throngs, size));
  return { rows: [{ measure: titleOf(size), cells, ...budget }], checks };
}

function takesPart(name: ContenderName, { once }: Size): boolean {
  // In what way a connection gets its new token makes no difference to when it is fetched.
  if (name === "raw" || name === "AuthSocket reconnect") return false;
  // Who does not come back at all does so in one run just as well.
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

/** What is left of a token must be twice what renewals are spread over, or they are squeezed. */
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
    ...(missing > 0 ? [`${missing} not back`] : []),
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
