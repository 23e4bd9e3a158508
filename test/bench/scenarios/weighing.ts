import { readFileSync } from "node:fs";
import { sizeLimit } from "../../package/size-limit.ts";
import { type BundleSize, bundleSize, compressedSize } from "../../support/bundle-size.ts";
import type { ContenderName } from "../contenders/contender.ts";
import { check, type Row } from "../report/row.ts";
import type { Scenario } from "./scenario.ts";

/** Bytes of gzip. */
const BUDGET = 5_000;

/** By contender: what an app grows by, socket.io-client and React excluded. */
const modules = [
  ["tutorial", "./test/bench/contenders/tutorial.ts"],
  ["callback", "./test/bench/contenders/callback.ts"],
  ["realtimehttpauthclient", "realtimehttpauthclient"],
  ["AuthSocket auto", "./dist/authsocket.js"],
] satisfies [ContenderName, string][];

const scriptTag = new URL("../../../dist/authsocket.umd.min.js", import.meta.url);
const serverPart = "./dist/server.js";

const titles = {
  app: "kB in an app: minified, gzip, brotli",
  scriptTag: "kB by script tag: minified, gzip, brotli",
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
    const rows: Row[] = [
      {
        measure: titles.app,
        cells: Object.fromEntries(sizes.map(([name, size]) => [name, words(size)])),
        budget: { limit: "gzip ≤ 5.0", met: ours.gzip <= BUDGET },
      },
      {
        measure: titles.scriptTag,
        cells: { "AuthSocket auto": words(compressedSize(readFileSync(scriptTag))) },
      },
      { measure: titles.server, cells: { "AuthSocket auto": words(await weigh(serverPart)) } },
    ];
    const title = `authsocket adds at most ${sizeLimit} bytes of gzip to an app`;
    return { rows, checks: [check(title, Math.max(ours.gzip, sizeLimit), sizeLimit)] };
  },
};

function weigh(entry: string): Promise<BundleSize> {
  return bundleSize(entry, ["socket.io-client", "socket.io", "react"]);
}

function words({ minified, gzip, brotli }: BundleSize): string {
  return [minified, gzip, brotli].map((bytes) => (bytes / 1000).toFixed(1)).join(", ");
}
