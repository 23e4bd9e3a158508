import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bundleSize, exportedNames, nameSize } from "../support/bundle-size.ts";
import { prices, unpriced } from "./prices.ts";
import { root } from "./tarball.ts";

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { import: { default: string } }>;
  peerDependencies: Record<string, string>;
};
const peers = [...Object.keys(manifest.peerDependencies), "svelte/store"];

/** The file that bundlers read, by entry point. */
const entries = Object.entries(manifest.exports)
  .flatMap(([path, target]) => {
    return typeof target === "string"
      ? []
      : { entry: path.replace(".", "authsocket"), file: target.import.default };
  })
  .filter(({ entry }) => !unpriced.includes(entry));

describe.each(entries)(
  "$entry, minified and gzipped, with what it depends on and without its peers",
  ({ entry, file }) => {
    const price = prices[entry];
    if (price === undefined) throw new Error(`${entry} has no price in test/package/prices.ts`);
    const { whole, names } = price;

    it(`adds at most ${whole} bytes to an app`, async () => {
      const { minified, gzip, brotli } = await bundleSize(file, peers);
      console.info(`${entry}: ${minified} bytes minified, ${gzip} gzip (at most ${whole}), ${brotli} brotli`);
      expect(gzip).toBeGreaterThan(0);
      expect(gzip).toBeLessThanOrEqual(whole);
    });

    it("lets an app pay for the names that it imports, in esbuild and in Rollup", async () => {
      const exported = await exportedNames(file, peers);
      const limit = (name: string) => (typeof names === "number" ? names : names[name]);
      expect(exported.filter((name) => limit(name) === undefined)).toEqual([]);
      const costs: { name: string; bytes: number }[] = [];
      for (const name of exported) costs.push({ name, bytes: await nameSize(file, name, peers) });
      expect(costs.filter(({ name, bytes }) => bytes > (limit(name) ?? 0))).toEqual([]);
    });
  },
);
