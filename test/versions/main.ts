// `npm run versions`: the core tests with other releases of Socket.IO and of Node. The outcome is the table of docs/compatibility.md.
// Releases are installed into .versions/, which may be deleted. `-- --only 4.7.0` runs the rows whose name contains that.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Count, readVitest } from "../support/vitest-report.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const cache = join(root, ".versions");
const page = join(root, "docs/compatibility.md");

/** What a run has in the place of what is installed here. */
interface Row {
  client?: string;
  server?: string;
  node?: string;
  files: string[];
}

const integration = readdirSync(join(root, "test/integration")).map((file) => `test/integration/${file}`);
const ofClient = integration.filter((file) => /\/(session|sockets|renewal)/.test(file));
// What Redis has to do with is neither Socket.IO's version nor Node's.
const ofServer = integration.filter((file) => /\/server-(?!redis)/.test(file));
/** They need no `authsocket/server`, which wants Socket.IO 4.8. */
const withPlainServer = ofClient.filter(
  (file) => !/guarded-server|authsocket\/server|src\/server/.test(read(file)),
);

const rows: Row[] = [
  ...["4.7.0", "4.7.5", "4.8.0"].map((client) => ({ client, files: ofClient })),
  ...["4.6.2", "4.7.5"].map((server) => ({ server, files: withPlainServer })),
  { server: "4.8.0", files: [...ofClient, ...ofServer] },
  ...["20", "22", "24"].map((node) => ({ node, files: [...ofClient, ...ofServer] })),
];

const { only = "" } = parseArgs({ options: { only: { type: "string" } } }).values;

mkdirSync(cache, { recursive: true });
const lines = rows
  .map((row) => ({ row, cells: cellsOf(row) }))
  .filter(({ cells }) => cells.join().includes(only));
const outcomes = lines.map(({ row, cells }) => {
  console.log(`▶ socket.io-client ${cells[0]}, socket.io ${cells[1]}, Node ${cells[2]}`);
  const count = run(row);
  console.log(`  ${verdict(count)}`);
  return { line: `| ${[...cells, verdict(count)].join(" | ")} |`, count };
});
if (only === "") writeTable(outcomes.map(({ line }) => line));
process.exitCode = outcomes.some(({ count }) => count.failed > 0 || count.passed === 0) ? 1 : 0;

function run({ client, server, node, files }: Row): Count {
  const replaced = {
    ...(client !== undefined && { "socket.io-client": moduleOf("socket.io-client", client) }),
    ...(server !== undefined && { "socket.io": moduleOf("socket.io", server) }),
  };
  const report = join(cache, "report.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const options = ["run", "--config", "test/vitest.config.ts", "--reporter=dot", "--reporter=json"];
  spawnSync(nodeOf(node), [vitest, ...options, `--outputFile.json=${report}`, ...files], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, AUTHSOCKET_REPLACED: JSON.stringify(replaced) },
  });
  return readVitest(report);
}

function cellsOf({ client, server, node }: Row): string[] {
  const version = execFileSync(nodeOf(node), ["--version"], { encoding: "utf8" }).trim().slice(1);
  return [client ?? installedVersion("socket.io-client"), server ?? installedVersion("socket.io"), version];
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

/** A Node of a major version, this one where it is that. */
function nodeOf(major: string | undefined): string {
  if (major === undefined || process.versions.node.startsWith(`${major}.`)) return process.execPath;
  // What npm's package "node" installs by a script, which npm no longer runs by itself.
  const { platform, arch } = process;
  const name = `node-${platform === "win32" ? "win" : platform}-${arch}`;
  const binary = platform === "win32" ? "node.exe" : "node";
  return join(install(name, major), "node_modules", name, "bin", binary);
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

function installedVersion(name: string): string {
  return (JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string }).version;
}

function writeTable(rows: string[]): void {
  const table = ["| socket.io-client | socket.io | Node | tests |", "|---|---|---|---|", ...rows].join("\n");
  const marks = /(?<=<!-- versions -->\n)[\s\S]*(?=\n<!-- \/versions -->)/;
  writeFileSync(
    page,
    readFileSync(page, "utf8").replace(marks, () => table),
  );
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}
