import type { Cost, Storm } from "../client/storm.ts";
import type { ContenderName, Transport } from "../contenders/contender.ts";
import { inOwnProcess } from "../hosts/node-host.ts";
import type { Row } from "../report/row.ts";
import type { ServerKind } from "../server/protection.ts";
import type { Bench, Scenario } from "./scenario.ts";

const CONNECTIONS = 10_000;

const websocket: Transport[] = ["websocket"];
const defaults: Transport[] = ["polling", "websocket"];

const title = (what: string) => `server, ${CONNECTIONS} connections, one run: ${what}`;
/** As multiples of the cost of renewing all clients: the server's CPU, the clients' CPU, time, bytes. */
const multiples = (way: string) => title(`reconnecting all clients instead of renewing, ${way}: four costs`);

const cpu = (what: string) => title(`server's CPU for ${what}`);

const titles = {
  handshakes: title("handshakes a second, websocket"),
  renewals: title("renewals a second"),
  echoes: title("acknowledged events a second"),
  echo: cpu("an acknowledged event"),
  renewal: cpu("a renewal"),
  handshake: cpu("a handshake by websocket"),
  defaultHandshake: cpu("a handshake by default transports"),
  secureHandshake: cpu("a handshake by default transports with TLS"),
  byWebsocket: multiples("websocket"),
  byDefault: multiples("default transports"),
  bySecureDefault: multiples("default transports with TLS"),
  heap: title("heap per connection"),
};

/**
 * 9: what `authsocket/server` costs, compared with a bare Socket.IO server that verifies the same way (in the column `raw`). Server and
 * clients have a process each, without a delay in between. With so many connections one run is enough. Elapsed time includes
 * the clients' process, so the server's own processor time is given too.
 */
export const serving: Scenario = {
  name: "serving",
  measures: Object.values(titles),
  onlyTimes: true,
  async run(bench) {
    const bare = await weather(bench, "tutorial", websocket);
    const ours = await weather(bench, "authsocket", websocket);
    const oursByDefault = await weather(bench, "authsocket", defaults);
    const oursSecure = await weather(bench, "authsocket", defaults, "TLS");

    const perSecond = ({ time }: Cost) => ((CONNECTIONS / time) * 1_000).toFixed(0);
    const kibibytes = (bytes: number) => `${(bytes / 1024).toFixed(1)} KiB`;
    const cells = (raw: string | undefined, auto: string): Row["cells"] => ({
      ...(raw !== undefined && { raw }),
      ["AuthSocket auto" satisfies ContenderName]: auto,
    });
    const each = ({ server }: Cost) => `${((server / CONNECTIONS) * 1_000).toFixed(0)} µs`;
    return {
      rows: [
        { measure: titles.handshakes, cells: cells(perSecond(bare.reconnect), perSecond(ours.reconnect)) },
        { measure: titles.renewals, cells: cells(undefined, perSecond(ours.renew)) },
        { measure: titles.echoes, cells: cells(perSecond(bare.echo), perSecond(ours.echo)) },
        { measure: titles.echo, cells: cells(each(bare.echo), each(ours.echo)) },
        { measure: titles.renewal, cells: cells(undefined, each(ours.renew)) },
        { measure: titles.handshake, cells: cells(each(bare.reconnect), each(ours.reconnect)) },
        { measure: titles.defaultHandshake, cells: cells(undefined, each(oursByDefault.reconnect)) },
        { measure: titles.secureHandshake, cells: cells(undefined, each(oursSecure.reconnect)) },
        { measure: titles.byWebsocket, cells: cells(undefined, ratios(ours)) },
        { measure: titles.byDefault, cells: cells(undefined, ratios(oursByDefault)) },
        { measure: titles.bySecureDefault, cells: cells(undefined, ratios(oursSecure)) },
        {
          measure: titles.heap,
          cells: cells(kibibytes(bare.heap / CONNECTIONS), kibibytes(ours.heap / CONNECTIONS)),
        },
      ],
      checks: [],
    };
  },
};

function multiple({ renew, reconnect }: Storm, of: keyof Cost): number {
  return reconnect[of] / renew[of];
}

function ratios(storm: Storm): string {
  const each = (["server", "client", "time", "bytes"] as const).map((of) => multiple(storm, of).toFixed(1));
  return each.join(", ");
}

async function weather(
  { site }: Bench,
  kind: ServerKind,
  transports: Transport[],
  security?: "TLS",
): Promise<Storm> {
  // Each has a server of its own, so that the garbage of one run does not slow down the next.
  const server = await site(kind, [transports, security].join(" "));
  const [tokens, fresh] = [await server.tokens(CONNECTIONS), await server.tokens(CONNECTIONS)];
  const plainUrl = server.directUrl;
  const { url, certificate } = security
    ? await server.listenSecurely()
    : { url: plainUrl, certificate: undefined };
  const order = { url, plainUrl, certificate, transports, tokens };
  return inOwnProcess((host) => host.run("storm", { ...order, fresh: kind === "authsocket" ? fresh : [] }));
}
