import { interleaved } from "../interleaving.ts";
import { ratioRow } from "../report/figures.ts";
import { loginOf, type Scenario } from "./scenario.ts";

const CLIENTS = 200;

/** 7: what a connected client holds of the heap. */
export const holding: Scenario = {
  name: "holding",
  async run({ site, hosts, contenders, repetitions }) {
    const host = hosts.find(({ name }) => name === "Node");
    if (!host || repetitions === 1) return { rows: [], checks: [] };
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
    return { rows: [ratioRow("heap per connected client, Node", measured, "KiB", 1.15)], checks: [] };
  },
};
