import type { CrowdAftermath } from "../client/crowd.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { startNode } from "../hosts/node-host.ts";
import { type Check, check, type Row } from "../report/row.ts";
import { peak } from "../statistics.ts";
import { type Bench, isOurs, type Scenario } from "./scenario.ts";

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
  /** ms left of it when clients begin, with a rehearsal */
  left: number;
  /** clients of each process that rehearse: the first renewals of a cold engine would hold the next ones up */
  rehearsing: number;
}

const full: Size = { clients: 5_000, lifetime: 100_000, left: 80_000, rehearsing: 60 };
/** Who comes too late, on a busy machine, refreshes once just as well. */
const small: Size = { clients: 100, lifetime: 20_000, left: 7_000, rehearsing: 0 };

/** ms before expiry at which who renews early has done so: ahead of the server's notice, which comes to all at once. */
const LEEWAY = 11_000;

/** ms */
const REHEARSAL_LIFETIME = 4_000;

const titleOf = ({ clients }: Size) =>
  `${clients} clients with one expiry, Node, no delay, one run: most refreshes within ${WIDTH} ms`;

interface Throng extends CrowdAftermath {
  /** of each client, when: ms since the epoch */
  refreshes: number[][];
}

/**
 * 5: everybody's token expires at one moment. So many clients are a sample large enough for one run; they are near, since
 * all that is counted is when their requests come.
 */
export const crowding: Scenario = {
  name: "crowding",
  measures: [titleOf(full)],
  async run(bench) {
    const size = bench.quick ? small : full;
    const cells: Row["cells"] = {};
    const checks: Check[] = [];
    let ours = Number.POSITIVE_INFINITY;
    // In what way a connection gets its new token makes no difference to when it is fetched.
    const those = bench.contenders.filter((name) => name !== "raw" && name !== "AuthSocket reconnect");
    const throngs = await bench.inTurn(those, async (name) => ({
      name,
      throng: await gather(bench, name, size),
    }));
    for (const { name, throng } of throngs) {
      const most = peak(throng.refreshes.flat(), WIDTH);
      if (name === "AuthSocket auto") ours = most;
      cells[name] = words(most, throng, size);
      if (isOurs(name)) checks.push(...verify(name, throng, size));
    }
    const even = (size.clients * WIDTH) / (size.lifetime * SHARE);
    const limit = Math.floor(even * LIMIT);
    const row = {
      measure: titleOf(size),
      cells,
      budget: { limit: `≤ ${limit}, even is ${even}`, met: ours <= limit },
    };
    return { rows: [row], checks };
  },
};

async function gather({ site }: Bench, contender: ContenderName, size: Size): Promise<Throng> {
  const { clients, lifetime, left, rehearsing } = size;
  const server = await site("authsocket");
  const order = { contender, url: server.directUrl, namespaces: ["/"], transports: ["websocket" as const] };
  const share = Math.ceil(clients / PROCESSES);
  const hosts = await Promise.all(Array.from({ length: PROCESSES }, startNode));
  // Now that the processes are there: the tokens' time runs.
  const others = await server.openMany(rehearsing * PROCESSES, { first: REHEARSAL_LIFETIME });
  const users = await server.openMany(clients, { first: left, age: lifetime - left });
  const aftermaths = await Promise.all(
    hosts.map((host, index) =>
      host.run("crowd", {
        ...order,
        leeway: LEEWAY,
        users: users.slice(index * share, (index + 1) * share),
        rehearsing: others.slice(index * rehearsing, (index + 1) * rehearsing),
      }),
    ),
  ).finally(() => Promise.all(hosts.map((host) => host.close())));
  const sum = (read: (aftermath: CrowdAftermath) => number) =>
    aftermaths.reduce((total, aftermath) => total + read(aftermath), 0);
  return {
    early: Math.min(...aftermaths.map(({ early }) => early)),
    renewed: sum(({ renewed }) => renewed),
    signedOut: sum(({ signedOut }) => signedOut),
    refreshes: await server.refreshes(users),
  };
}

function words(most: number, { early, renewed, signedOut }: Throng, size: Size): string {
  const { clients, lifetime } = size;
  // What is left of a token must be twice what renewals are spread over, or they are squeezed.
  const inTime = early >= 2 * (LEEWAY + lifetime * SHARE);
  return [
    String(most),
    ...(inTime ? [] : ["connected too late on this machine"]),
    ...(signedOut > 0 ? [`${signedOut} signed out`] : []),
    ...(renewed < clients ? [`${clients - renewed} not back`] : []),
  ].join(", ");
}

function verify(name: ContenderName, { refreshes, signedOut, renewed }: Throng, { clients }: Size): Check[] {
  const title = `${clients} clients with one expiry: ${name}`;
  const counts = [...new Set(refreshes.map(({ length }) => length))];
  return [
    check(`${title} refreshes once each`, counts, [1]),
    check(`${title} signs nobody out`, signedOut, 0),
    check(`${title} has everybody connected`, renewed, clients),
  ];
}
