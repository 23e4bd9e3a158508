import type { ContenderName } from "../contenders/contender.ts";
import { interleaved, type Measured } from "../interleaving.ts";
import { ratioRow, spread, twoDecimals } from "../report/figures.ts";
import { ratios, summarise } from "../statistics.ts";
import { hostOf, loginOf, type Scenario } from "./scenario.ts";

const MESSAGES = 10_000;

const TITLE = "emit with ack, Node: CPU per message";

/** What `raw` is beside itself: what differs no more than this does not differ. */
const AGAIN = "raw again";

/** 6: the CPU time of an emit that is acknowledged. The delay is of no matter, and left out. */
export const emitting: Scenario = {
  name: "emitting",
  measures: [TITLE],
  async run(bench) {
    const { site, contenders, repetitions } = bench;
    // There is nothing to count.
    if (repetitions === 1) return { rows: [], checks: [] };
    const host = hostOf(bench, "Node");
    const server = await site("authsocket");
    const measured = await interleaved<ContenderName | typeof AGAIN, number>(
      repetitions,
      [...contenders, AGAIN],
      async (name) => {
        const contender = name === AGAIN ? "raw" : name;
        const user = await server.open(loginOf(contender, { first: 3_600_000 }));
        const order = {
          contender,
          url: server.directUrl,
          user,
          namespaces: ["/"],
          transports: ["websocket" as const],
        };
        return host.run("echo", { ...order, messages: MESSAGES });
      },
    );
    const base = measured.get("raw") ?? [];
    const noise = summarise(ratios(measured.get(AGAIN) ?? [], base));
    const ours = summarise(ratios(measured.get("AuthSocket auto") ?? [], base));
    const named = new Map([...measured].filter(([name]) => name !== AGAIN)) as Measured<
      ContenderName,
      number
    >;
    return {
      rows: [
        {
          ...ratioRow(TITLE, named, "µs"),
          budget: {
            limit: `as raw against itself: ${spread(noise, twoDecimals)}`,
            met: ours.low <= noise.high,
          },
        },
      ],
      checks: [],
    };
  },
};
