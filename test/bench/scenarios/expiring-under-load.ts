import type { Life } from "../client/live.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { HOST_NAMES, type Host } from "../hosts/host.ts";
import { interleaved, type Measured } from "../interleaving.ts";
import { countRow, spread } from "../report/figures.ts";
import { type Check, check, type Row } from "../report/row.ts";
import { type Losses, losses, summarise } from "../statistics.ts";
import { type Bench, hostOf, isOurs, joined, loginOf, type Scenario } from "./scenario.ts";

/** ms; the load continues after it until everybody can be connected again */
const LIFETIME = 1_000;
const LOAD = 1_600;

function titles(host: Host["name"]) {
  const title = (what: string) => `token expires under load, ${host}: ${what}`;
  return {
    away: title("ms disconnected"),
    toClient: title("events lost to the client"),
    toServer: title("events lost to the server"),
    answers: title("answers lost"),
    duplicates: title("duplicates"),
  };
}

interface Damage {
  life: Life;
  refreshes: number;
  toClient: Losses;
  toServer: Losses;
  /** of the events that asked for an acknowledgement */
  asked: Losses;
}

/** 3: the token expires while both ends send an event every 5 ms. */
export const expiringUnderLoad: Scenario = {
  name: "expiring-under-load",
  measures: HOST_NAMES.flatMap((host) => Object.values(titles(host))),
  async run(bench) {
    // The hosts run at the same time, because a client under this load waits nearly all the time.
    const outcomes = await Promise.all(
      HOST_NAMES.map(async (name) => {
        const host = hostOf(bench, name);
        const measured = await interleaved(bench.repetitions, bench.contenders, (contender) =>
          suffer(bench, host, contender),
        );
        const checks = [...measured].flatMap(([contender, damages]) => verify(host, contender, damages));
        return { rows: report(host, measured), checks };
      }),
    );
    return joined(outcomes);
  },
};

async function suffer({ site, pace }: Bench, host: Host, contender: ContenderName): Promise<Damage> {
  const server = await site("authsocket", host.name);
  await server.settle();
  const user = await server.open(loginOf(contender, { first: LIFETIME * pace }));
  const namespaces = ["/"];
  const order = { contender, url: server.url, user, namespaces, transports: ["websocket" as const] };
  const [life] = await host.run("live", {
    ...order,
    leeway: (LIFETIME * pace) / 2,
    duration: LOAD * pace,
  });
  const { refreshes, traffic } = await server.seen(user, namespaces);
  const [record] = traffic;
  if (!life || !record) throw new Error("nothing was measured");
  return {
    life,
    refreshes: refreshes.length,
    toClient: losses(life.down, record.down),
    toServer: losses(record.up, life.sent),
    asked: losses(record.asked, life.sent),
  };
}

function report(host: Host, measured: Measured<ContenderName, Damage>): Row[] {
  const title = titles(host.name);
  const cells: Row["cells"] = {};
  for (const [name, damages] of measured) {
    const away = summarise(damages.map(({ life }) => life.away));
    const isBack = damages.every(({ life }) => life.back);
    cells[name] = isBack ? spread(away, (ms) => ms.toFixed(0)) : "does not come back";
  }
  const ours = measured.get("AuthSocket auto") ?? [];
  const met = ours.every(({ life }) => life.away === 0);
  return [
    { measure: title.away, cells, budget: { limit: "0", met } },
    countRow(title.toClient, measured, ({ toClient }) => toClient.lost, 0),
    countRow(title.toServer, measured, ({ toServer }) => toServer.lost, 0),
    countRow(title.answers, measured, ({ life }) => life.rejected, 0),
    countRow(
      title.duplicates,
      measured,
      ({ toClient, toServer, asked }) => toClient.duplicated + toServer.duplicated + asked.duplicated,
      0,
    ),
  ];
}

function verify(host: Host, contender: ContenderName, damages: readonly Damage[]): Check[] {
  if (!isOurs(contender)) return [];
  const nothing = { lost: 0, duplicated: 0 };
  const title = `token expires under load, ${host.name}: ${contender}`;
  const worst = (count: (damage: Damage) => number) => Math.max(...damages.map(count));
  return [
    check(`${title} refreshes once`, [...new Set(damages.map(({ refreshes }) => refreshes))], [1]),
    // "reconnect" is a disconnect, though it loses nothing: its time is not checked.
    check(
      `${title} is disconnected as often as it should be`,
      worst(({ life }) => life.disconnects),
      contender === "AuthSocket auto" ? 0 : 1,
    ),
    check(
      `${title} keeps its id`,
      damages.every(({ life }) => life.sameId),
      true,
    ),
    check(
      `${title} has every answer`,
      worst(({ life }) => life.rejected),
      0,
    ),
    ...damages.flatMap(({ toClient, toServer, asked }) => [
      check(
        `${title} loses nothing and gets nothing twice`,
        [toClient, toServer, asked],
        [nothing, nothing, nothing],
      ),
    ]),
  ];
}
