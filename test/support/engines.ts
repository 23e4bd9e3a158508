import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { findFirefox } from "./firefox.ts";
import { findWebKit } from "./webkit.ts";

interface Engine {
  /** Whether it is installed. */
  isHere: () => boolean;
  /** What Debian calls it, and what it needs. */
  packages: string[];
}

/** The engines beside Chromium, which the browser tests run in where they are installed. */
export const engines: Record<"firefox" | "webkit", Engine> = {
  firefox: { isHere: () => findFirefox() !== undefined, packages: ["firefox-esr"] },
  webkit: { isHere: () => findWebKit() !== undefined, packages: ["webkit2gtk-driver", "xvfb", "xauth"] },
};

/** Installs packages on Debian, as root. */
export function installFromDebian(packages: string[]): void {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) {
    throw new Error(`Only root on Debian can install ${packages.join(" and ")} this way.`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options = { stdio: "inherit", env } as const;
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  execFileSync("apt-get", [...lock, "update"], options);
  execFileSync("apt-get", [...lock, "install", "--yes", "--no-install-recommends", ...packages], options);
}
