import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, it } from "vitest";
import { root } from "./tarball.ts";

// What an app grows by; socket.io-client is there already. 5 000 is what it should come down to (README, "What is not yet done").
const budget = 13_100;

it(`adds at most ${budget} bytes to an app, minified and gzipped, jwt-decode included`, async () => {
  const { outputFiles } = await build({
    entryPoints: [join(root, "dist/authsocket.js")],
    external: ["socket.io-client"],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const bytes = outputFiles[0]?.contents ?? new Uint8Array();
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const brotli = brotliCompressSync(bytes).length;
  console.info(
    `size in bytes: ${bytes.length} minified, ${gzip} gzip, ${brotli} brotli (budget ${budget} gzip)`,
  );
  expect(bytes).not.toHaveLength(0);
  expect(gzip).toBeLessThanOrEqual(budget);
});
