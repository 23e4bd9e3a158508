import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved } from "../interleaving.ts";
import { ratioRow } from "../report/figures.ts";
import type { Row } from "../report/row.ts";
import { type Bench, loginOf, type Scenario } from "./scenario.ts";

const CLIENTS = 100;

const titleOf = (host: Host["name"]) => `heap per connected client, ${host}`;

/** 7: what a connected client holds of the heap. */
export const holding: Scenario = {
  name: "holding",
  measures: HOST_NAMES.map(titleOf),
  onlyTimes: true,
  async run(bench) {
    return { rows: await bench.inTurn(bench.hosts, (host) => holdIn(bench, host)), checks: [] };
  },
};

async function holdIn({ site, contenders, repetitions }: Bench, host: Host): Promise<Row> {
  const server = await site("authsocket");
  const measured = await interleaved(repetitions, contenders, async (contender) => {
    const users = await server.openMany(CLIENTS, loginOf(contender, { first: 3_600_000 }));
    const bytes = await host.run("heap", {
      contender,
      url: server.directUrl,
      users,
      namespaces: ["/"],
      transports: ["websocket"],
    });
    return bytes / 1024;
  });
  return ratioRow(titleOf(host.name), measured, "KiB", 1.15);
}
