import { element } from "../elements/element.ts";
import { createPanel } from "../elements/panel.ts";
import { createTiles } from "../elements/tiles.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "../state/session-watch.ts";
import { countTick, noTicks, startTicks, type TickCount } from "./tick-counter.ts";

/** Counts the server's ticks: how many arrived, are missing, and arrived twice. The last two should stay at 0. */
export function createTicksPanel({ session, socket }: DemoSocket): HTMLElement {
  let count = noTicks;
  const tiles = createTiles([
    { title: "Received", testId: "ticks-received" },
    { title: "Lost", testId: "ticks-lost" },
    { title: "Duplicated", testId: "ticks-duplicated" },
  ]);
  const show = (next: TickCount) => {
    count = next;
    tiles.show("ticks-received", count.received, "good");
    tiles.show("ticks-lost", count.missing.size, count.missing.size > 0 ? "bad" : "quiet");
    tiles.show("ticks-duplicated", count.duplicated, count.duplicated > 0 ? "bad" : "quiet");
  };
  socket.on("connect", async () => {
    try {
      const { from } = await socket.emitWithAck("ticks", count.last);
      show(startTicks(count, from));
    } catch {
      // The connection ended before the answer. The next one asks again.
    }
  });
  socket.on("tick", (n) => show(countTick(count, n)));
  watchSession(session, (_, change) => {
    if (change?.kind === "started") show(noTicks);
  });
  return createPanel(
    "ticks",
    "Ticks",
    tiles.node,
    element(
      "p",
      { class: "quiet" },
      "The server sends you a numbered event every second. Each must arrive exactly once.",
    ),
  );
}
