import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { apiReport } from "./api-report.ts";
import { root } from "./tarball.ts";

const ENDING = ".d.ts";

// Those of each entry point, and those that several entry points share.
const declarations = readdirSync(join(root, "dist"))
  .filter((file) => file.endsWith(ENDING))
  .map((file) => file.slice(0, -ENDING.length));

describe("the public API", () => {
  // `npm run api` writes the reports anew: a change of the API is then seen where the change is reviewed.
  it.each(declarations)("of %s is what its file in api/ says", async (name) => {
    const report = apiReport(readFileSync(join(root, "dist", name + ENDING), "utf8"));
    await expect(report).toMatchFileSnapshot(join(root, `api/${name}.txt`));
  });

  it("has no report of what is not built any more", () => {
    expect(readdirSync(join(root, "api")).sort()).toEqual(declarations.map((name) => `${name}.txt`).sort());
  });
});
