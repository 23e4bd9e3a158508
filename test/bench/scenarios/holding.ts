import type { ContenderName } from "../contenders/contender.ts";
import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved } from "../interleaving.ts";
import { ratioCell, ratioRow } from "../report/figures.ts";
import type { Row } from "../report/row.ts";
import { type Bench, loginOf, type Scenario } from "./scenario.ts";

const CLIENTS = 100;

const titleOf = (host: Host["name"]) => `heap per connected client, ${host}`;
const heardTitleOf = (host: Host["name"]) =>
  `heap per connected client, raw with eight more listeners, ${host}`;

/** 7: the heap that a connected client uses, and what eight listeners alone use. There is no budget, because a page has one to three clients. */
export const holding: Scenario = {
  name: "holding",
  measures: HOST_NAMES.flatMap((host) => [titleOf(host), heardTitleOf(host)]),
  onlyTimes: true,
  async run(bench) {
    const rows = await bench.inTurn(bench.hosts, (host) => holdIn(bench, host));
    return { rows: rows.flat(), checks: [] };
  },
};

async function holdIn({ site, contenders, repetitions }: Bench, host: Host): Promise<Row[]> {
  const server = await site("authsocket");
  const measured = await interleaved<ContenderName | "heard", number>(
    repetitions,
    [...contenders, "heard"],
    async (name) => {
      const contender = name === "heard" ? "raw" : name;
      const users = await server.openMany(CLIENTS, loginOf(contender, { first: 3_600_000 }));
      const bytes = await host.run("heap", {
        contender,
        url: server.directUrl,
        users,
        namespaces: ["/"],
        transports: ["websocket"],
        heard: name === "heard",
      });
      return bytes / 1024;
    },
  );
  const figuresOf = (name: ContenderName | "heard") => measured.get(name) ?? [];
  const ofContenders = new Map(contenders.map((name) => [name, figuresOf(name)]));
  const heard = ratioCell(figuresOf("heard"), figuresOf("raw"), "KiB");
  const ours = ratioCell(figuresOf("AuthSocket auto"), figuresOf("raw"), "KiB");
  return [
    ratioRow(titleOf(host.name), ofContenders, "KiB"),
    { measure: heardTitleOf(host.name), cells: { raw: heard, "AuthSocket auto": ours } },
  ];
}
