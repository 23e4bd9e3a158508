import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Tarball {
  path: string;
  /** An empty folder beside it, deleted with it. */
  folder: string;
  /** Paths inside the package. */
  files: string[];
  remove(): void;
}

/** Packs what was built, as `npm publish` would. Building is left to `npm test`, which has just done it. */
export function pack(): Tarball {
  const folder = mkdtempSync(join(tmpdir(), "authsocket-pack-"));
  const args = ["pack", "--json", "--ignore-scripts", "--loglevel=error", `--pack-destination=${folder}`];
  const [packed] = JSON.parse(
    execFileSync("npm", args, { cwd: root, encoding: "utf8", shell: process.platform === "win32" }),
  ) as { filename: string; files: { path: string }[] }[];
  if (packed === undefined) throw new Error("npm packed nothing");
  return {
    path: join(folder, packed.filename),
    folder,
    files: packed.files.map(({ path }) => path),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
