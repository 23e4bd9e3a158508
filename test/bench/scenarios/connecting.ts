import type { ContenderName, Transport } from "../contenders/contender.ts";
import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved } from "../interleaving.ts";
import { ratioRow } from "../report/figures.ts";
import { check } from "../report/row.ts";
import { type Bench, isOurs, joined, loginOf, type Outcome, type Scenario } from "./scenario.ts";

interface Case {
  token: "valid" | "expired";
  transports: Transport[];
  /** the highest allowed ratio to `raw` */
  limit(host: Host["name"]): number | undefined;
}

const cases: Case[] = [
  { token: "valid", transports: ["websocket"], limit: () => 1.02 },
  { token: "valid", transports: ["polling", "websocket"], limit: () => 1.02 },
  { token: "expired", transports: ["websocket"], limit: () => 1.08 },
  {
    token: "expired",
    transports: ["polling", "websocket"],
    limit: (host) => (host === "Chromium" ? 0.85 : undefined),
  },
];

const titleOf = ({ token, transports }: Case, host: Host["name"]) =>
  `connect, ${token} token, ${transports.length > 1 ? "default transports" : "websocket"}, ${host}`;

/** 1 and 2: from nothing to `connect`. */
export const connecting: Scenario = {
  name: "connecting",
  measures: HOST_NAMES.flatMap((host) => cases.map((each) => titleOf(each, host))),
  async run(bench) {
    // The hosts run at the same time, because nearly all of a connect is waiting for the network.
    return joined(await Promise.all(bench.hosts.map((host) => connectAllIn(bench, host))));
  },
};

async function connectAllIn(bench: Bench, host: Host): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for (const each of cases) outcomes.push(await connectIn(bench, host, each));
  return joined(outcomes);
}

async function connectIn({ site, contenders, repetitions }: Bench, host: Host, each: Case) {
  const { token, transports } = each;
  const server = await site("authsocket", host.name);
  const measured = await interleaved(repetitions, contenders, async (contender: ContenderName) => {
    const first = token === "valid" ? 60_000 : -1_000;
    await server.settle();
    const user = await server.open(loginOf(contender, { first }));
    const order = { contender, url: server.url, user, namespaces: ["/"], transports };
    const time = await host.run("connect", order);
    const { requests, refreshes } = await server.seen(user);
    return { time, requests, refreshes: refreshes.length };
  });

  const title = titleOf(each, host.name);
  const times = new Map([...measured].map(([name, values]) => [name, values.map(({ time }) => time)]));
  const refreshes = token === "valid" ? 0 : 1;
  const requests = (measured.get("raw")?.[0]?.requests ?? 0) + refreshes;
  const checks = [...measured]
    .filter(([name]) => isOurs(name))
    .flatMap(([name, values]) => {
      const found = (key: "refreshes" | "requests") => [...new Set(values.map((value) => value[key]))];
      return [
        check(`${title}: ${name} refreshes ${refreshes}×`, found("refreshes"), [refreshes]),
        // The number of polling requests depends on the time they take.
        ...(transports.length > 1
          ? []
          : [check(`${title}: ${name} makes ${requests} requests`, found("requests"), [requests])]),
      ];
    });
  return { rows: [ratioRow(title, times, "ms", each.limit(host.name))], checks };
}
