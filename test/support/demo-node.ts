import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));

/** A demo server in a process of its own. */
export interface DemoNode {
  url: string;
  /** As a machine that loses its power. */
  kill(): Promise<void>;
}

/**
 * Starts `npm start`'s server on a free port. What it complains about goes to this process's own stderr.
 *
 * @throws Error when it ends instead
 */
export async function startDemoNode(env: Record<string, string>): Promise<DemoNode> {
  const child = spawn(process.execPath, ["--import", "tsx", main], {
    // Hashing takes the time it should take: only a test of that time waits for it.
    env: { ...process.env, PORT: "0", PASSWORD_COST: "2", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  let output = "";
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
    if (url && output.includes("Ctrl+C")) {
      child.stdout.resume();
      return {
        url,
        async kill() {
          process.off("exit", end);
          child.kill("SIGKILL");
          await ended;
        },
      };
    }
  }
  throw new Error("The demo server ended instead of listening");
}
