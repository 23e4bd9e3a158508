import { expect, it } from "vitest";
import { bundleSize } from "../support/bundle-size.ts";
import { sizeLimit } from "./size-limit.ts";

it(`adds at most ${sizeLimit} bytes to an app, minified and gzipped, jwt-decode included`, async () => {
  const { minified, gzip, brotli } = await bundleSize("./dist/authsocket.js", ["socket.io-client"]);
  console.info(
    `size in bytes: ${minified} minified, ${gzip} gzip, ${brotli} brotli (limit ${sizeLimit} gzip)`,
  );
  expect(gzip).toBeGreaterThan(0);
  expect(gzip).toBeLessThanOrEqual(sizeLimit);
});
