import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { ratioRow, twoDecimals } from "../report/figures.ts";
import type { Row } from "../report/row.ts";
import { ratios, summarise } from "../statistics.ts";
import { type Bench, loginOf, type Scenario } from "./scenario.ts";

/** In each repetition. */
const TURNS = 20;
const MESSAGES = 300;

const titleOf = (host: Host["name"]) => `emit with ack, ${host}: CPU per message`;

/** 6: the CPU time of an acknowledged emit. There is no delay, because it would not matter. */
export const emitting: Scenario = {
  name: "emitting",
  measures: HOST_NAMES.map(titleOf),
  onlyTimes: true,
  async run(bench) {
    return { rows: await bench.inTurn(bench.hosts, (host) => emitIn(bench, host)), checks: [] };
  },
};

async function emitIn({ site, contenders, repetitions }: Bench, host: Host): Promise<Row> {
  const server = await site("authsocket");
  // `raw` is measured twice: differences within its own spread mean nothing.
  const order = [...contenders, "raw" as const];
  const repeat = async () => {
    const entrants = order.map(async (contender) => ({
      contender,
      user: await server.open(loginOf(contender, { first: 3_600_000 })),
    }));
    return host.run("echo", {
      url: server.directUrl,
      entrants: await Promise.all(entrants),
      namespaces: ["/"],
      transports: ["websocket"],
      turns: TURNS,
      messages: MESSAGES,
    });
  };

  const repeated: number[][] = [];
  while (repeated.length < repetitions) repeated.push(await repeat());
  const valuesOf = (index: number) => repeated.map((values) => values[index] ?? Number.NaN);
  const measured = new Map(contenders.map((name, index) => [name, valuesOf(index)]));
  const base = measured.get("raw") ?? [];
  const noise = ratios(valuesOf(contenders.length), base);
  const [least, most] = [Math.min(...noise), Math.max(...noise)];
  const { median } = summarise(ratios(measured.get("AuthSocket auto") ?? [], base));
  return {
    ...ratioRow(titleOf(host.name), measured, "µs"),
    budget: {
      limit: `two runs of raw: ${twoDecimals(least)}–${twoDecimals(most)}`,
      met: median <= most,
    },
  };
}
