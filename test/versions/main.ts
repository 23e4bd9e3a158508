// `npm run versions` runs the core tests with other releases of Socket.IO and of Node, and writes the table of
// docs/compatibility.md. `-- --only 4.7.0` runs the rows that contain this, and leaves the others in the table as they are.
// Releases are installed into .versions/, which may be deleted.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Count, readVitest } from "../support/vitest-report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".versions");
const page = join(root, "docs/compatibility.md");

/** A release that a run has in the place of what is installed here. */
interface Row {
  name: "socket.io-client" | "socket.io" | "Node";
  version: string;
  files: string[];
}

const integration = (...names: string[]) => names.map((name) => `test/integration/${name}.test.ts`);
// The files that depend most on a release, and not on the pace of the machine.
const session = integration("session-contract", "session-fetch", "session-store");
/** They need no `authsocket/server`, which wants Socket.IO 4.8. */
const plain = integration("sockets-plain", "sockets-refusals", "sockets-token-answers", "sockets-users");
const client = [...plain, ...integration("sockets-recovery", "sockets-siblings")];
const server = integration(
  "server-recovery",
  "server-renewal",
  "server-resilience",
  "server-users",
  "server-whole",
);

const rows: Row[] = [
  ...["4.7.0", "4.7.5", "4.8.0"].map((version) => ({
    name: "socket.io-client" as const,
    version,
    files: client,
  })),
  ...["4.6.0", "4.7.5"].map((version) => ({ name: "socket.io" as const, version, files: plain })),
  { name: "socket.io", version: "4.8.0", files: [...client, ...server] },
  ...["20", "22", "24"].map((version) => ({
    name: "Node" as const,
    version,
    files: [...session, ...client, ...server],
  })),
];

const { only = "" } = parseArgs({ options: { only: { type: "string" } } }).values;

mkdirSync(cache, { recursive: true });
const chosen = rows.filter((row) => keyOf(row).includes(only));
const outcomes = chosen.map((row) => {
  console.log(`▶ ${keyOf(row)}`);
  const count = run(row);
  console.log(`  ${verdict(count)}`);
  writeLine(row, count);
  return count;
});
if (chosen.length === 0) console.error(`No row contains "${only}": ${rows.map(keyOf).join(", ")}`);
const isGood = ({ failed, passed }: Count) => failed === 0 && passed > 0;
process.exitCode = chosen.length > 0 && outcomes.every(isGood) ? 0 : 1;

function keyOf({ name, version }: Row): string {
  return `${name} ${version}`;
}

function run({ name, version, files }: Row): Count {
  const replaced = name === "Node" ? {} : { [name]: moduleOf(name, version) };
  const node = name === "Node" ? nodeOf(version) : process.execPath;
  const report = join(cache, "report.json");
  rmSync(report, { force: true });
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--config", "test/vitest.config.ts", "--reporter=dot", "--reporter=json"];
  spawnSync(node, [vitest, ...options, `--outputFile.json=${report}`, ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, AUTHSOCKET_REPLACED: JSON.stringify(replaced) },
  });
  return existsSync(report) ? readVitest(report) : { passed: 0, failed: 1 };
}

function verdict({ passed, failed }: Count): string {
  return failed === 0 ? `${passed} passed` : `**${failed} failed**, ${passed} passed`;
}

/** The file that Node's `import` loads of a release. */
function moduleOf(name: string, version: string): string {
  const folder = install(name, version);
  const resolve = `console.log(import.meta.resolve(${JSON.stringify(name)}))`;
  const url = execFileSync(process.execPath, ["--input-type=module", "--eval", resolve], {
    cwd: folder,
    encoding: "utf8",
  });
  return fileURLToPath(url.trim());
}

/** A Node of a major version: this one where it is that, else the one that npm has for this machine. */
function nodeOf(major: string): string {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  const { platform, arch } = process;
  const name = `node-${platform === "win32" ? "win" : platform}-${arch}`;
  return join(install(name, major), "node_modules", name, "bin", platform === "win32" ? "node.exe" : "node");
}

/** Installs a release of a package in a folder of its own. */
function install(name: string, version: string): string {
  const folder = join(cache, `${name}-${version}`);
  if (!existsSync(join(folder, "node_modules", name))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), "{}\n");
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--no-save", `${name}@${version}`], {
      cwd: folder,
      stdio: "inherit",
      shell: process.platform === "win32",
    });
  }
  return folder;
}

/** Writes one row of the table, in the order of `rows`. The other rows stay as they are. */
function writeLine(row: Row, count: Count): void {
  const text = readFileSync(page, "utf8");
  const [, table = ""] = /<!-- versions -->\n([\s\S]*)\n<!-- \/versions -->/.exec(text) ?? [];
  const known = table.split("\n");
  const lines = rows.flatMap((each) =>
    each === row ? [lineOf(row, count)] : known.filter((line) => line.startsWith(`| ${keyOf(each)}`)),
  );
  const written = ["| release | together with | tests | date |", "|---|---|---|---|", ...lines].join("\n");
  writeFileSync(
    page,
    text.replace(/(?<=<!-- versions -->\n)[\s\S]*(?=\n<!-- \/versions -->)/, () => written),
  );
}

function lineOf(row: Row, count: Count): string {
  const node = row.name === "Node" ? versionOf(nodeOf(row.version)) : process.versions.node;
  const installed = {
    "socket.io-client": releaseOf("socket.io-client"),
    "socket.io": releaseOf("socket.io"),
    Node: node,
  };
  const { [row.name]: own, ...others } = {
    ...installed,
    ...(row.name !== "Node" && { [row.name]: row.version }),
  };
  const together = Object.entries(others).map((release) => release.join(" "));
  const date = new Date().toISOString().slice(0, 10);
  return `| ${row.name} ${own} | ${together.join(", ")} | ${verdict(count)} | ${date} |`;
}

function versionOf(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8" }).trim().slice(1);
}

function releaseOf(name: string): string {
  const manifest = readFileSync(join(root, `node_modules/${name}/package.json`), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
