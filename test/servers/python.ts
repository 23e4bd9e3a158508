import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SECRET } from "./user.ts";

const APT_GET = "/usr/bin/apt-get";
const PACKAGES = ["python3-socketio", "python3-aiohttp", "python3-jwt"];
const server = fileURLToPath(new URL("../../demo/python/server.py", import.meta.url));

const canServe = (python: string) =>
  spawnSync(python, ["-c", "import socketio, aiohttp, jwt"], { stdio: "ignore" }).status === 0;

/**
 * A Python that has the packages; where this is Debian and root's, they are installed.
 *
 * @throws Error that says what to install
 */
export function findPython(): string {
  const pythons = ["python3", "/usr/bin/python3"];
  const found = pythons.find(canServe);
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync(APT_GET)) {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    const lock = ["-o", "DPkg::Lock::Timeout=300"];
    for (const args of [["update"], ["install", "--yes", "--no-install-recommends", ...PACKAGES]]) {
      spawnSync(APT_GET, [...lock, ...args], { env, timeout: 480_000, stdio: "ignore" });
    }
    const installed = pythons.find(canServe);
    if (installed) return installed;
  }
  throw new Error(`The server in Python needs packages: apt-get install ${PACKAGES.join(" ")}`);
}

/** Starts demo/python/server.py on a free port. */
export async function startPythonServer(python: string): Promise<{ url: string; stop(): void }> {
  const child = spawn(python, [server], {
    env: { ...process.env, JWT_SECRET: SECRET, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const stop = () => child.kill();
  process.once("exit", stop);
  for await (const line of createInterface(child.stdout)) {
    if (line.startsWith("http://")) return { url: line, stop };
  }
  throw new Error("The server in Python ended instead of listening");
}
