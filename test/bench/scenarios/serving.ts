import type { ContenderName, Transport } from "../contenders/contender.ts";
import { startNode } from "../hosts/node-host.ts";
import type { Row } from "../report/row.ts";
import type { ServerKind } from "../server/protection.ts";
import type { Bench, Scenario } from "./scenario.ts";

const CONNECTIONS = 10_000;

/** Reconnecting everybody, as a multiple of renewing everybody. */
const MULTIPLE = 20;

const websocket: Transport[] = ["websocket"];
const defaults: Transport[] = ["polling", "websocket"];

const title = (what: string) => `server, ${CONNECTIONS} connections: ${what}`;

const titles = {
  handshakes: title("handshakes a second, websocket"),
  renewals: title("renewals a second"),
  echoes: title("acknowledged events a second"),
  byWebsocket: title("time of renewing all, of reconnecting all by websocket"),
  byDefault: title("time of renewing all, of reconnecting all by default transports"),
  heap: title("heap per connection"),
};

/**
 * 9: what `authsocket/server` costs beside a bare Socket.IO server with the same verification, which stands in the column of
 * `raw`. Server and clients each have a process, and nothing lies between them. So many connections are a sample
 * large enough for one run.
 */
export const serving: Scenario = {
  name: "serving",
  measures: Object.values(titles),
  async run(bench) {
    // There is nothing to count.
    if (bench.repetitions === 1) return { rows: [], checks: [] };
    const bare = await weather(bench, "tutorial", websocket);
    const ours = await weather(bench, "authsocket", websocket);
    const polling = await weather(bench, "authsocket", defaults);

    const perSecond = (ms: number) => ((CONNECTIONS / ms) * 1_000).toFixed(0);
    const kibibytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
    const cells = (raw: string | undefined, auto: string): Row["cells"] => ({
      ...(raw !== undefined && { raw }),
      ["AuthSocket auto" satisfies ContenderName]: auto,
    });
    const multiple = (storm: { renew: number; reconnect: number }) => storm.reconnect / storm.renew;
    const ratio = (value: number) => `1 : ${value.toFixed(1)}`;
    return {
      rows: [
        { measure: titles.handshakes, cells: cells(perSecond(bare.connect), perSecond(ours.connect)) },
        { measure: titles.renewals, cells: cells(undefined, perSecond(ours.renew)) },
        { measure: titles.echoes, cells: cells(perSecond(bare.echo), perSecond(ours.echo)) },
        { measure: titles.byWebsocket, cells: cells(undefined, ratio(multiple(ours))) },
        {
          measure: titles.byDefault,
          cells: cells(undefined, ratio(multiple(polling))),
          budget: { limit: `1 : ${MULTIPLE}`, met: multiple(polling) >= MULTIPLE },
        },
        { measure: titles.heap, cells: cells(kibibytes(bare.heap), kibibytes(ours.heap)) },
      ],
      checks: [],
    };
  },
};

async function weather({ site }: Bench, kind: ServerKind, transports: Transport[]) {
  const server = await site(kind);
  const [tokens, fresh] = [await server.tokens(CONNECTIONS), await server.tokens(CONNECTIONS)];
  const before = await server.heap();
  // A process of its own, whose end is the end of its connections.
  const host = await startNode();
  const order = { url: server.directUrl, transports, tokens, fresh: kind === "authsocket" ? fresh : [] };
  const times = await host.run("storm", order);
  const heap = ((await server.heap()) - before) / CONNECTIONS;
  await host.close();
  return { ...times, heap };
}
