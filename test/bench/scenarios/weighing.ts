import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { prices } from "../../package/prices.ts";
import { type BundleSize, bundleParts, bundleSize, compressedSize } from "../../support/bundle-size.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { check, type Row } from "../report/row.ts";
import type { Scenario } from "./scenario.ts";

/** The modules that an app adds for each contender, without socket.io-client and React. */
const modules = [
  ["tutorial", "./test/bench/contenders/tutorial.ts"],
  ["callback", "./test/bench/contenders/callback.ts"],
  ["realtimehttpauthclient", "realtimehttpauthclient"],
  ["AuthSocket auto", "./dist/authsocket.js"],
] satisfies [ContenderName, string][];

const scriptTag = new URL("../../../dist/authsocket.umd.min.js", import.meta.url);
const serverPart = "./dist/server.js";
/** The source, because the bundle no longer has single files. */
const source = "./src/client/index.ts";

/** What the app or Node has anyway. */
const libraries = ["socket.io-client", "socket.io", "react", "node:*"];

/** How many of the files are named. */
const PARTS = 10;

const titles = {
  app: "kB in an app: minified, gzip, brotli",
  scriptTag: "kB by script tag: minified, gzip, brotli",
  parts: `kB of the ${PARTS} largest files of authsocket, minified`,
  server: "kB of authsocket/server: minified, gzip, brotli",
};

/** 8: bytes of each build. */
export const weighing: Scenario = {
  name: "weighing",
  measures: Object.values(titles),
  async run() {
    const sizes = await Promise.all(
      modules.map(async ([name, entry]) => [name, await weigh(entry)] as const),
    );
    const ours = await weigh("./dist/authsocket.js");
    const { whole: sizeLimit = 0, goal = sizeLimit } = prices.authsocket ?? {};
    const rows: Row[] = [
      {
        measure: titles.app,
        cells: Object.fromEntries(sizes.map(([name, size]) => [name, words(size)])),
        budget: { limit: `gzip ≤ ${inKilobytes(goal)}`, met: ours.gzip <= goal },
      },
      {
        measure: titles.scriptTag,
        cells: { "AuthSocket auto": words(compressedSize(readFileSync(scriptTag))) },
      },
      { measure: titles.parts, cells: { "AuthSocket auto": heaviest(await bundleParts(source, libraries)) } },
      { measure: titles.server, cells: { "AuthSocket auto": words(await weigh(serverPart)) } },
    ];
    const title = `authsocket adds at most ${sizeLimit} bytes of gzip to an app`;
    return { rows, checks: [check(title, Math.max(ours.gzip, sizeLimit), sizeLimit)] };
  },
};

function weigh(entry: string): Promise<BundleSize> {
  return bundleSize(entry, libraries);
}

function heaviest(parts: [file: string, bytes: number][]): string {
  const words = ([file, bytes]: [string, number]) => `${basename(file, ".ts")} ${inKilobytes(bytes)}`;
  const others = parts.slice(PARTS);
  const rest = others.reduce((sum, [, bytes]) => sum + bytes, 0);
  return [...parts.slice(0, PARTS), [`${others.length} others`, rest] satisfies [string, number]]
    .map(words)
    .join(", ");
}

function inKilobytes(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function words({ minified, gzip, brotli }: BundleSize): string {
  return [minified, gzip, brotli].map(inKilobytes).join(", ");
}
