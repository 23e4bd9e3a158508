import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Report } from "./search-worker.ts";

/** Seeds, at most, that a process runs before another takes its place: what it may have piled up goes with it. */
const SHIFT = 5_000;

/** ms between two words on how far it has come. */
const NEWS = 10_000;

const WORKER = fileURLToPath(new URL("search-worker.ts", import.meta.url));

/**
 * Runs so many seeds in so many processes, and tells how far it has come.
 *
 * @returns a seed that breaks a rule, the first that was found; undefined: all kept them
 */
export async function search(from: number, seeds: number, workers: number): Promise<number | undefined> {
  const end = from + seeds;
  const shift = Math.min(SHIFT, Math.ceil(seeds / workers));
  const start = Date.now();
  const live = new Set<ChildProcess>();
  let next = from;
  let done = 0;
  let failing: number | undefined;

  const tell = () => {
    const seconds = (Date.now() - start) / 1_000;
    const left = Math.ceil(((seeds - done) * seconds) / Math.max(done, 1) / 60);
    const pace = `${(done / seconds).toFixed(0)} a second`;
    console.log(`${done} of ${seeds} seeds kept every rule; ${pace}, ${left} min to go`);
  };

  async function work(): Promise<void> {
    while (next < end && failing === undefined) {
      const span = [next, Math.min(next + shift, end)];
      next += shift;
      const worker = fork(WORKER, span.map(String));
      live.add(worker);
      worker.on("message", (report: Report) => {
        done += report.kept;
        failing ??= report.failing;
        if (failing !== undefined) for (const other of live) other.kill();
      });
      const [code] = await once(worker, "exit");
      live.delete(worker);
      if (code !== 0 && failing === undefined) {
        throw new Error(`the process that ran seeds ${span.join(" to ")} ended with code ${code}`);
      }
    }
  }

  const news = setInterval(() => done > 0 && done < seeds && tell(), NEWS);
  try {
    await Promise.all(Array.from({ length: workers }, work));
  } finally {
    clearInterval(news);
    for (const worker of live) worker.kill();
  }
  if (failing === undefined) tell();
  return failing;
}
