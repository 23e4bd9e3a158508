import { onTestFinished } from "vitest";
import { DelayProxy } from "./delay-proxy.ts";

/** An address from which a server is far away. */
export interface SlowLine {
  readonly url: string;
  /** For each connection, how often what comes through has changed its direction: two make a round trip. */
  readonly turns: readonly number[];
}

/**
 * A line to the server at `url`, cut when the test is over.
 *
 * @param delay ms each way
 */
export async function slowLineTo(url: string, delay: number): Promise<SlowLine> {
  const proxy = await DelayProxy.listen(Number(new URL(url).port), delay);
  onTestFinished(() => proxy.close());
  return { url: `http://127.0.0.1:${proxy.port}`, turns: proxy.turns };
}
