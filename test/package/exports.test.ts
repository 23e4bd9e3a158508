import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { describe, expect, inject, it } from "vitest";
import { root } from "./tarball.ts";

const tarball = inject("tarball");

describe("the exports map", () => {
  it("gives publint nothing to say", async () => {
    const bytes = readFileSync(tarball.path);
    const { messages, pkg } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) },
      strict: true,
    });
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([]);
  });

  it("gives are-the-types-wrong nothing to say", async () => {
    const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    const report = await promisify(execFile)(process.execPath, [
      attw,
      tarball.path,
      "--format=ascii",
      "--no-color",
    ]).catch((error: { stdout: string; stderr: string }) => error);
    expect(report.stdout + report.stderr).toContain("No problems found");
  });
});
