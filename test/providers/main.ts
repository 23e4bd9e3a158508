import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { complaints, readProject } from "../package/compile.ts";
import { blocks } from "../package/papers.ts";
import { root } from "../package/tarball.ts";

// `npm run test:providers`: the sources, and the code of docs/identity-providers.md, compiled against the types of all eight
// SDKs, under the rules of test/types. The heavy SDKs are installed here and nowhere else.
const folder = join(root, "test/providers");
const lock = readFileSync(join(folder, "package-lock.json"));
const installed = join(folder, "node_modules/.authsocket-lock");

if (!existsSync(installed) || !readFileSync(installed).equals(lock)) {
  // Nothing of theirs runs: only their types are read.
  execFileSync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: folder,
    stdio: "inherit",
  });
  execFileSync("cp", ["package-lock.json", installed], { cwd: folder });
}

const { options } = readProject("test/types/tsconfig.json");
// The package.json of this folder hides the project's, by which "authsocket" would find itself.
const paths = {
  authsocket: [join(root, "dist/authsocket.d.ts")],
  "authsocket/sources": [join(root, "dist/sources.d.ts")],
};
const texts = blocks("docs/identity-providers.md")
  .filter(({ language }) => language === "ts")
  .map(({ file, line, code }) => [join(folder, file ?? `line-${line}.ts`), code] as const);
const found = complaints(
  [join(folder, "clients.ts")],
  { ...options, paths, types: [], noUnusedLocals: false },
  new Map(texts),
);

const all = [...found.values()].flat();
for (const complaint of all) console.error(complaint.replace(`${root}/`, ""));
console.info(`${found.size} files compiled against the SDKs, ${all.length} complaints`);
process.exitCode = all.length > 0 ? 1 : 0;
