import type { CrowdAftermath } from "../client/crowd.ts";
import type { ContenderName } from "../contenders/contender.ts";
import type { Host } from "../hosts/host.ts";
import { startNode } from "../hosts/node-host.ts";
import { interleaved } from "../interleaving.ts";
import { spread } from "../report/figures.ts";
import { type Check, check, type Row } from "../report/row.ts";
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
}

const thousand: Size = { clients: 1_000, lifetime: 20_000, left: 12_000 };
const thousands: Size = { clients: 5_000, lifetime: 100_000, left: 48_000 };
/** Who comes too late, on a busy machine, refreshes once just as well. */
const small: Size = { clients: 100, lifetime: 20_000, left: 7_000 };

/** ms before expiry at which who renews early has done so: ahead of the server's notice, which comes to all at once. */
const LEEWAY = 1_500;

const titles = {
  thousand: `${thousand.clients} clients with one expiry, Node, no delay: most refreshes within ${WIDTH} ms`,
  thousands: `${thousands.clients} clients with one expiry, Node, no delay, one run: most refreshes within ${WIDTH} ms, where even is ${evenSpread(thousands)}`,
};

interface Throng extends CrowdAftermath {
  /** of each client, when: ms since the epoch */
  refreshes: number[][];
}

/**
 * 5: everybody's token expires at one moment. They are near, since all that is counted is when their requests come. The
 * budget is of a thousand (DESIGN 7): two cores are busy with five thousand, and what has waited for them comes at once.
 */
export const crowding: Scenario = {
  name: "crowding",
  measures: Object.values(titles),
  async run(bench) {
    const hosts = await Promise.all(Array.from({ length: PROCESSES }, startNode));
    try {
      const outcomes = bench.quick
        ? [await once(bench, hosts, small)]
        : // The smaller ones first: engines warm up.
          [await repeatedly(bench, hosts, thousand), await once(bench, hosts, thousands)];
      return joined(outcomes);
    } finally {
      await Promise.all(hosts.map((host) => host.close()));
    }
  },
};

/** In what way a connection gets its new token makes no difference to when it is fetched. */
const isOther = (name: ContenderName) => name !== "raw" && name !== "AuthSocket reconnect";

/** Who does not come back at all does so in one run just as well. */
async function repeatedly(bench: Bench, hosts: Host[], size: Size): Promise<Outcome> {
  const those = bench.contenders.filter((name) => isOther(name) && name !== "realtimehttpauthclient");
  const measured = await interleaved(bench.repetitions, those, (name) => gather(bench, hosts, name, size));
  const cells: Row["cells"] = {};
  for (const [name, throngs] of measured) {
    const late = throngs.filter((throng) => !isInTime(throng, size)).length;
    cells[name] = [
      spread(summarise(peaks(throngs)), (value) => value.toFixed(0)),
      ...(late > 0 ? [`connected too late ${late} of ${throngs.length} times`] : []),
    ].join(", ");
  }
  const even = evenSpread(size);
  const { median } = summarise(peaks(measured.get("AuthSocket auto") ?? []));
  const budget = { limit: `≤ ${even * LIMIT}, even is ${even}`, met: median <= even * LIMIT };
  const checks = [...measured].flatMap(([name, throngs]) => verify(name, throngs, size));
  return { rows: [{ measure: titles.thousand, cells, budget }], checks };
}

async function once(bench: Bench, hosts: Host[], size: Size): Promise<Outcome> {
  const cells: Row["cells"] = {};
  const checks: Check[] = [];
  // One after the other: they share the processes.
  for (const name of bench.contenders.filter(isOther)) {
    const throng = await gather(bench, hosts, name, size);
    cells[name] = words(throng, size);
    checks.push(...verify(name, [throng], size));
  }
  return { rows: [{ measure: titles.thousands, cells }], checks };
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

function words(throng: Throng, size: Size): string {
  const { renewed, signedOut } = throng;
  return [
    ...peaks([throng]).map(String),
    ...(isInTime(throng, size) ? [] : ["connected too late on this machine"]),
    ...(signedOut > 0 ? [`${signedOut} signed out`] : []),
    ...(renewed < size.clients ? [`${size.clients - renewed} not back`] : []),
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
