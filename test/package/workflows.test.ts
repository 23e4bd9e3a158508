import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./tarball.ts";

const folder = join(root, ".github/workflows");
const workflows = readdirSync(folder).map((file) => readFileSync(join(folder, file), "utf8"));

/** The jobs of all workflows. Each begins with its name. */
const jobs = workflows.flatMap((workflow) => workflow.split(/^jobs:$/m)[1]?.split(/^ {2}(?=\w+:$)/m) ?? []);

/** The major version of what package.json names. */
function major(name: string): string | undefined {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  return devDependencies[name]?.split(".")[0];
}

describe("the workflows", () => {
  const testing = jobs.filter((job) => /^ *- run: npm test$/m.test(job));

  it("run all tests on every push and before every release", () => {
    expect(testing.map((job) => job.split(":")[0])).toEqual(["release", "test"]);
  });

  it("install Redis before all tests, which cannot do it where they are not root", () => {
    for (const job of testing) {
      const [before] = job.split(/^ *- run: npm test$/m);
      expect(before).toMatch(/^ *- run: .*sudo apt-get install .*redis-server/m);
    }
  });

  it("release with the action that the installed CLI of Changesets wants", () => {
    const release = jobs.find((job) => job.startsWith("release:"));
    const action = /uses: changesets\/action@[0-9a-f]{40} # v(\d+)\./.exec(release ?? "")?.[1];
    // The action's version 2 refuses the CLI's version 2. Each version of the action ignores the other's inputs.
    expect([action, major("@changesets/cli")]).toEqual(["1", "2"]);
    const inputs = release?.split("changesets/action@")[1]?.matchAll(/^ {10}([\w-]+): .*elease/gm) ?? [];
    expect([...inputs].map(([, name]) => name)).toEqual(["version", "publish", "commit", "title"]);
  });
});
