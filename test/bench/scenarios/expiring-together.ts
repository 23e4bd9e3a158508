import type { Aftermath } from "../client/expire.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved, type Measured } from "../interleaving.ts";
import { type Check, check, type Row } from "../report/row.ts";
import { type Bench, hostOf, isOurs, joined, loginOf, type Outcome, type Scenario } from "./scenario.ts";

/** ms; everybody is connected before it ends */
const LIFETIME = 1_300;
/** ms from the beginning; everybody can be connected again by then */
const UNTIL = 2_500;
/** ms more for those that are not: a contender that has lost a socket waits as long */
const PATIENCE = 2_000;

const EIGHT = Array.from({ length: 8 }, (_, index) => index + 1);

/** How one user gets eight sockets. */
interface Gathering {
  title: string;
  hosts: readonly Host["name"][];
  /** what runs in each tab */
  tabs: readonly number[];
  namespaces: readonly string[];
}

const gatherings: Gathering[] = [
  {
    title: "eight namespaces",
    hosts: HOST_NAMES,
    tabs: [1],
    namespaces: EIGHT.map((number) => `/n${number}`),
  },
  {
    title: "eight tabs",
    hosts: ["Chromium"],
    tabs: EIGHT,
    namespaces: ["/"],
  },
];

interface Case {
  gathering: Gathering;
  host: Host["name"];
  rotation: boolean;
}

const cases: Case[] = gatherings.flatMap((gathering) =>
  gathering.hosts.flatMap((host) => [false, true].map((rotation) => ({ gathering, host, rotation }))),
);

const titleOf = ({ gathering, host, rotation }: Case) =>
  `${gathering.title} expire${rotation ? ", one-time refresh tokens" : ""}, ${host}: refreshes`;

interface Round {
  refreshes: number;
  signedOut: boolean;
  missing: number;
}

/** 4: eight sockets of one user have one token, and it expires. */
export const expiringTogether: Scenario = {
  name: "expiring-together",
  measures: cases.map(titleOf),
  async run(bench) {
    // All at once, because counts do not depend on it.
    return joined(await Promise.all(cases.map((each) => expireIn(bench, each))));
  },
};

async function expireIn(bench: Bench, each: Case): Promise<Outcome> {
  const title = titleOf(each);
  const contenders = bench.contenders.filter((name) => name !== "raw");
  const measured = await interleaved(bench.repetitions, contenders, (contender) =>
    round(bench, each, contender),
  );
  const checks = [...measured].flatMap(([name, rounds]) => verify(`${title}: ${name}`, name, rounds));
  return { rows: [report(title, measured)], checks };
}

async function round(bench: Bench, each: Case, contender: ContenderName): Promise<Round> {
  const { gathering, host: name, rotation } = each;
  const { tabs, namespaces } = gathering;
  const host = hostOf(bench, name);
  // Each case has a server of its own, because Chromium opens WebSockets to one address one after the other, over all tabs.
  const server = await bench.site("authsocket", titleOf(each));
  const user = await server.open(loginOf(contender, { first: LIFETIME * bench.pace, rotation }));
  const order = { contender, url: server.url, user, namespaces, transports: ["websocket" as const] };
  // One tab signs in, and the others find the token in the store.
  await host.run("enter", order);
  const aftermaths: Aftermath[] = await Promise.all(
    tabs.map((tab) =>
      host.run("expire", { ...order, until: UNTIL * bench.pace, patience: PATIENCE * bench.pace }, tab),
    ),
  );
  const { refreshes, refused } = await server.seen(user);
  return {
    refreshes: refreshes.length + refused,
    signedOut: aftermaths.some(({ signedOut }) => signedOut),
    missing: aftermaths.reduce((sum, { missing }) => sum + missing, 0),
  };
}

function report(title: string, measured: Measured<ContenderName, Round>): Row {
  const cells: Row["cells"] = {};
  for (const [name, rounds] of measured) cells[name] = words(rounds);
  const ours = measured.get("AuthSocket auto") ?? [];
  return { measure: title, cells, budget: { limit: "1", met: words(ours) === "1" } };
}

function words(rounds: readonly Round[]): string {
  const counts = rounds.map(({ refreshes }) => refreshes);
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  const signedOut = rounds.filter((round) => round.signedOut).length;
  const lost = rounds.filter(({ missing }) => missing > 0).length;
  return [
    least === most ? String(most) : `${least} to ${most}`,
    ...(signedOut > 0 ? [`signed out ${signedOut} of ${rounds.length} times`] : []),
    ...(lost > signedOut ? [`some sockets do not come back ${lost} of ${rounds.length} times`] : []),
  ].join(", ");
}

function verify(title: string, contender: ContenderName, rounds: readonly Round[]): Check[] {
  if (!isOurs(contender)) return [];
  const every = <Value>(read: (round: Round) => Value) => [...new Set(rounds.map(read))];
  return [
    check(
      `${title} refreshes once`,
      every(({ refreshes }) => refreshes),
      [1],
    ),
    check(
      `${title} stays signed in`,
      every(({ signedOut }) => signedOut),
      [false],
    ),
    check(
      `${title} has all sockets back`,
      every(({ missing }) => missing),
      [0],
    ),
  ];
}
