import type { ContenderName } from "../contenders/contender.ts";
import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved } from "../interleaving.ts";
import { countRow } from "../report/figures.ts";
import { check } from "../report/row.ts";
import { type Bench, isOurs, joined, type Outcome, type Scenario } from "./scenario.ts";

const REQUESTS = 10;

const titleOf = (host: Host["name"]) => `ten HTTP requests refused at once, ${host}: refreshes`;

/** 10: the API no longer accepts the token that the page holds, and ten requests find out at the same moment. */
export const requesting: Scenario = {
  name: "requesting",
  measures: HOST_NAMES.map(titleOf),
  async run(bench) {
    return joined(await Promise.all(bench.hosts.map((host) => requestIn(bench, host))));
  },
};

async function requestIn({ site, contenders, repetitions }: Bench, host: Host): Promise<Outcome> {
  const title = titleOf(host.name);
  const server = await site("authsocket", title);
  const those = contenders.filter((name) => name !== "raw" && name !== "realtimehttpauthclient");
  const measured = await interleaved(repetitions, those, async (contender: ContenderName) => {
    const user = await server.open({ first: 60_000 });
    const statuses = await host.run("request", {
      contender,
      url: server.url,
      user,
      namespaces: ["/"],
      transports: ["websocket"],
      path: `/me/${user}`,
      times: REQUESTS,
    });
    const { refreshes } = await server.seen(user);
    return { refreshes: refreshes.length, answered: statuses.filter((status) => status === 200).length };
  });
  const checks = [...measured]
    .filter(([name]) => isOurs(name))
    .flatMap(([name, rounds]) => {
      const found = (key: "refreshes" | "answered") => [...new Set(rounds.map((round) => round[key]))];
      return [
        check(`${title}: ${name} refreshes once`, found("refreshes"), [1]),
        check(`${title}: ${name} is answered`, found("answered"), [REQUESTS]),
      ];
    });
  return { rows: [countRow(title, measured, ({ refreshes }) => refreshes, 1)], checks };
}
