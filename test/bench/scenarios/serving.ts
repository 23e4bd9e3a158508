import type { ContenderName } from "../contenders/contender.ts";
import { startNode } from "../hosts/node-host.ts";
import { interleaved } from "../interleaving.ts";
import type { Row } from "../report/row.ts";
import { summarise } from "../statistics.ts";
import type { Scenario } from "./scenario.ts";

const CONNECTIONS = 10_000;

/** Each takes half a minute. */
const REPETITIONS = 3;

/** Renewing everybody, as a share of reconnecting everybody. */
const SHARE = 1 / 20;

/** A bare Socket.IO server with the same verification, and one with `authsocket/server`. */
const kinds = ["tutorial", "authsocket"] as const;
const columns: Record<(typeof kinds)[number], ContenderName> = {
  tutorial: "raw",
  authsocket: "AuthSocket auto",
};

const titles = {
  handshakes: "server, 10,000 connections: handshakes a second",
  renewals: "server, 10,000 connections: renewals a second",
  share: "server, 10,000 connections: time of renewing all, of reconnecting all",
  heap: "server, 10,000 connections: heap per connection",
};

/** 9: what `authsocket/server` costs. Server and clients each have a process, and nothing lies between them. */
export const serving: Scenario = {
  name: "serving",
  measures: Object.values(titles),
  async run({ site, repetitions }) {
    // There is nothing to count.
    if (repetitions === 1) return { rows: [], checks: [] };
    const measured = await interleaved(Math.min(repetitions, REPETITIONS), kinds, async (kind) => {
      const server = await site(kind);
      const [tokens, fresh] = [await server.tokens(CONNECTIONS), await server.tokens(CONNECTIONS)];
      const before = await server.heap();
      // A process of its own, whose end is the end of its connections.
      const host = await startNode();
      const order = { url: server.directUrl, tokens, fresh: kind === "authsocket" ? fresh : [] };
      const times = await host.run("storm", order);
      const heap = ((await server.heap()) - before) / CONNECTIONS / 1024;
      await host.close();
      return { ...times, heap };
    });

    const row = (
      measure: string,
      read: (storm: { connect: number; renew: number; reconnect: number; heap: number }) => number,
      words: (value: number) => string,
    ): Row => ({
      measure,
      cells: Object.fromEntries(
        [...measured].map(([kind, storms]) => {
          const { median } = summarise(storms.map(read));
          return [columns[kind], Number.isFinite(median) && median > 0 ? words(median) : ""];
        }),
      ),
    });
    const perSecond = (ms: number) => (CONNECTIONS / ms) * 1_000;
    const share = (storm: { renew: number; reconnect: number }) => storm.renew / storm.reconnect;
    const ours = summarise((measured.get("authsocket") ?? []).map(share)).median;
    return {
      rows: [
        row(
          titles.handshakes,
          ({ connect }) => perSecond(connect),
          (value) => value.toFixed(0),
        ),
        row(
          titles.renewals,
          ({ renew }) => (renew > 50 ? perSecond(renew) : 0),
          (value) => value.toFixed(0),
        ),
        {
          ...row(
            titles.share,
            (storm) => (storm.renew > 50 ? share(storm) : 0),
            (value) => `1 : ${(1 / value).toFixed(1)}`,
          ),
          budget: { limit: `1 : ${1 / SHARE}`, met: ours <= SHARE },
        },
        row(
          titles.heap,
          ({ heap }) => heap,
          (value) => `${value.toFixed(1)} KiB`,
        ),
      ],
      checks: [],
    };
  },
};
