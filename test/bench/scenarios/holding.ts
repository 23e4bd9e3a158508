import { interleaved } from "../interleaving.ts";
import { ratioRow } from "../report/figures.ts";
import { hostOf, loginOf, type Scenario } from "./scenario.ts";

const CLIENTS = 200;

const TITLE = "heap per connected client, Node";

/** 7: what a connected client holds of the heap. */
export const holding: Scenario = {
  name: "holding",
  measures: [TITLE],
  async run(bench) {
    const { site, contenders, repetitions } = bench;
    // There is nothing to count.
    if (repetitions === 1) return { rows: [], checks: [] };
    const host = hostOf(bench, "Node");
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
    return { rows: [ratioRow(TITLE, measured, "KiB", 1.15)], checks: [] };
  },
};
