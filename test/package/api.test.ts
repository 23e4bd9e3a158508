import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiReport } from "./api-report.ts";
import { root } from "./tarball.ts";

const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  exports: Record<string, string | { import: { types: string } }>;
};
const entries = Object.entries(exports).flatMap(([path, target]) =>
  typeof target === "string"
    ? []
    : { name: path === "." ? "authsocket" : path.slice(2), types: target.import.types },
);

describe("the public API", () => {
  // `npm run api` writes the reports anew: a change of the API is then seen where the change is reviewed.
  it.each(entries)("of $name is what api/$name.txt says", async ({ name, types }) => {
    const report = apiReport(readFileSync(join(root, types), "utf8"));
    await expect(report).toMatchFileSnapshot(join(root, `api/${name}.txt`));
  });
});
