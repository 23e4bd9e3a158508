import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { root } from "./tarball.ts";

/** What an app's own files import from AuthSocket, by way of its own auth.ts and its other helpers too. */
const names = /\b(auth|useConnection|useSession|useSocketEvent|connection|session|fromStore)\b/;

/** The script of a file, without imports and comments. */
function script(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const code = /\.(vue|svelte)$/.test(file) ? (/<script[^>]*>(.*?)<\/script>/s.exec(text)?.[1] ?? "") : text;
  return (
    code
      .replace(/^import .*?;$/gms, "")
      .replace(/\/\*.*?\*\/|^\s*\/\/[^\n]*$/gms, "")
      // Angular's markup, and JSX's.
      .replace(/template: `.*?`|^ +<.*?>$/gms, "")
      .replace(/selector: .*/g, "")
      .split("\n")
      .filter((line) => line.trim() !== "")
  );
}

describe("the example apps", () => {
  it.each(["react", "vue", "svelte", "solid", "angular"])(
    "take at most 15 lines of glue, without imports and markup: %s",
    (app) => {
      const folder = join(root, "demo/apps", app, "src");
      const lines = readdirSync(folder).flatMap((file) => {
        const code = script(join(folder, file));
        // The files that are there for AuthSocket alone count whole.
        return /^(auth|from-store)\.ts$/.test(file) ? code : code.filter((line) => names.test(line));
      });
      console.info(`${app}: ${lines.length} lines of glue`);
      expect(lines.length, lines.join("\n")).toBeLessThanOrEqual(15);
    },
  );
});
