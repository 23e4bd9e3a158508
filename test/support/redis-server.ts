import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";

/** A Redis of its own, empty and in memory. */
export interface RedisServer {
  /** `redis://…` */
  url: string;
  stop(): Promise<void>;
}

/** Ports that are tried: one that was free a moment ago may be taken. */
const ATTEMPTS = 5;

function starts(command: string): boolean {
  return spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;
}

const APT_GET = "/usr/bin/apt-get";

function installFromDebian(): boolean {
  if (process.getuid?.() !== 0 || !existsSync(APT_GET)) return false;
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  const aptGet = (args: string[], timeout: number) =>
    spawnSync(APT_GET, [...lock, ...args], { env, timeout, stdio: "ignore" });
  aptGet(["update"], 120_000);
  aptGet(["install", "--yes", "--no-install-recommends", "redis-server"], 480_000);
  return starts("redis-server");
}

/**
 * Finds redis-server, or installs it where this is Debian and root's. `REDIS_SERVER` names one outright.
 *
 * @returns its command
 * @throws Error that says what to install
 */
function findRedisServer(): string {
  const command = process.env.REDIS_SERVER ?? "redis-server";
  if (starts(command)) return command;
  if (process.env.REDIS_SERVER) throw new Error(`REDIS_SERVER names no redis-server that starts: ${command}`);
  if (installFromDebian()) return command;
  throw new Error(
    "The tests of several nodes need redis-server, and none was found or could be installed. Install it " +
      "(for instance `apt-get install redis-server`, or `brew install redis`) or name one by REDIS_SERVER.",
  );
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Whether it accepts connections; false when it has ended instead. */
async function isReady(child: ChildProcess): Promise<boolean> {
  if (!child.stdout) return false;
  for await (const line of createInterface(child.stdout)) {
    if (line.includes("Ready to accept connections")) return true;
  }
  return false;
}

/**
 * Starts a Redis of this machine. It ends with this process, or at `stop()`.
 *
 * @param url of one that was stopped, to start it again, empty; default: on a free port
 * @throws Error where redis-server is missing and cannot be installed, or does not start
 */
export async function startRedisServer(url?: string): Promise<RedisServer> {
  const command = findRedisServer();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = url ? Number(new URL(url).port) : await freePort();
    const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    const child = spawn(command, options, { cwd: tmpdir(), stdio: ["ignore", "pipe", "ignore"] });
    const end = () => child.kill("SIGKILL");
    process.once("exit", end);
    const ended = once(child, "exit");
    if (await isReady(child)) {
      child.stdout.resume();
      return {
        url: `redis://127.0.0.1:${port}`,
        stop: async () => {
          process.off("exit", end);
          child.kill();
          await ended;
        },
      };
    }
    process.off("exit", end);
  }
  throw new Error(`${command} did not start on any of ${ATTEMPTS} ports`);
}
