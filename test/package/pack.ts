import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "./tarball.ts";

/**
 * Packs what was built, as `npm publish` would, once for all files, which have it by `inject("tarball")`. Building is left to
 * `npm test`, which has just done it.
 *
 * @returns what removes it again
 */
export default function pack(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "authsocket-pack-"));
  const args = ["pack", "--json", "--ignore-scripts", "--loglevel=error", `--pack-destination=${folder}`];
  const [packed] = JSON.parse(
    execFileSync("npm", args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" }),
  ) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error("npm packed nothing");
  project.provide("tarball", {
    path: join(folder, packed.filename),
    files: packed.files.map(({ path }) => path),
  });
  return () => rmSync(folder, { recursive: true, force: true });
}
