import { interleaved } from "../interleaving.ts";
import { spread } from "../report/figures.ts";
import { check, type Row } from "../report/row.ts";
import { summarise } from "../statistics.ts";
import { hostOf, isOurs, type Scenario } from "./scenario.ts";

/** ms */
const LIFETIME = 1_000;
const LOAD = 1_500;
/** A handshake takes three round trips of 50 ms. */
const HANDSHAKE = 150;
/** A tenth more is allowed for the work. */
const LIMIT = 165;

const TITLE = "token expires at a server without authsocket/server, Node: ms disconnected";

/** The tutorials' server disconnects at expiry. The gap is one handshake, because the refresh is done before. */
export const cutByPlainServer: Scenario = {
  name: "cut-by-plain-server",
  measures: [TITLE],
  async run(bench) {
    const { site, contenders, repetitions, pace } = bench;
    const host = hostOf(bench, "Node");
    const plain = await site("tutorial");
    const those = contenders.filter((name) => name !== "raw" && name !== "AuthSocket reconnect");
    const measured = await interleaved(repetitions, those, async (contender) => {
      await plain.settle();
      const user = await plain.open({ first: LIFETIME * pace });
      const order = {
        contender,
        url: plain.url,
        user,
        namespaces: ["/"],
        transports: ["websocket" as const],
      };
      const [life] = await host.run("live", {
        ...order,
        leeway: (LIFETIME * pace) / 2,
        duration: LOAD * pace,
      });
      const { refreshes } = await plain.seen(user);
      if (!life) throw new Error("nothing was measured");
      const within = refreshes.filter((instant) => instant >= life.cutAt);
      return { life, refreshes: refreshes.length, within: within.length };
    });

    const cells: Row["cells"] = {};
    for (const [name, values] of measured) {
      const away = summarise(values.map(({ life }) => life.away));
      cells[name] = values.every(({ life }) => life.back)
        ? spread(away, (ms) => ms.toFixed(0))
        : "does not come back";
    }
    const checks = [...measured]
      .filter(([name]) => isOurs(name))
      .flatMap(([name, values]) => [
        check(
          `a server without authsocket/server: ${name} is disconnected once`,
          most(values, ({ life }) => life.disconnects),
          1,
        ),
        check(
          `a server without authsocket/server: ${name} refreshes once`,
          most(values, ({ refreshes }) => refreshes),
          1,
        ),
        check(
          `a server without authsocket/server: ${name} has refreshed before`,
          most(values, ({ within }) => within),
          0,
        ),
      ]);
    const ours = measured.get("AuthSocket auto")?.map(({ life }) => life.away) ?? [];
    const row: Row = {
      measure: TITLE,
      cells,
      budget: {
        limit: `≤ ${LIMIT} (one handshake: ${HANDSHAKE})`,
        met: summarise(ours).median <= LIMIT,
      },
    };
    return { rows: [row], checks };
  },
};

function most<Value>(values: readonly Value[], read: (value: Value) => number): number {
  return Math.max(...values.map(read));
}
