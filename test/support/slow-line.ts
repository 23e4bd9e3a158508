import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** A TCP proxy that holds back everything for a while, as a long line does; nothing overtakes anything. */
export class SlowLine {
  /** For each connection, how often what comes through has changed its direction: two make a round trip. */
  readonly turns: number[] = [];
  readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  /**
   * A line to the server at `url`, cut when the test is over.
   *
   * @param delay ms each way
   */
  static async to(url: string, delay: number): Promise<SlowLine> {
    const { hostname, port } = new URL(url);
    const open = new Set<Socket>();
    const proxy = createServer((near) => {
      const far = connect(Number(port), hostname);
      let direction = "";
      const number = line.turns.push(0) - 1;
      const passing = (to: string) => {
        if (direction !== to) line.turns[number] = (line.turns[number] ?? 0) + 1;
        direction = to;
      };
      pass(near, far, delay, () => passing("up"));
      pass(far, near, delay, () => passing("down"));
      for (const end of [near, far]) {
        open.add(end);
        end.on("close", () => open.delete(end));
      }
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const line = new SlowLine(`http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    onTestFinished(() => {
      proxy.close();
      for (const end of open) end.destroy();
    });
    return line;
  }
}

function pass(from: Socket, to: Socket, delay: number, passing: () => void): void {
  from.setNoDelay(true);
  // Timers of one delay go off in the order in which they were set.
  const later = (act: () => void) => setTimeout(() => to.destroyed || act(), delay);
  from.on("data", (chunk) => {
    passing();
    later(() => to.write(chunk));
  });
  from.on("end", () => later(() => to.end()));
  // What ends in an error ends all the same, for the other side.
  from.on("error", () => later(() => to.destroy()));
  from.on("close", () => later(() => to.destroy()));
}
