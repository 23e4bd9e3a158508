import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { beyondFloor } from "./script-floor.ts";
import { root } from "./tarball.ts";

/** What runs in Node alone, whose floor is the manifest's `engines`. */
const ofServers = /^(server|testing)\./;

const scripts = readdirSync(join(root, "dist"), { recursive: true, encoding: "utf8" })
  .filter((file) => /\.c?js$/.test(file) && !ofServers.test(file))
  .sort();

describe("B20 Safari 15, Chrome 90 and Firefox 90", () => {
  it.each(scripts)("can run %s: no syntax and no API that they lack is taken for granted", (file) => {
    const code = readFileSync(join(root, "dist", file), "utf8");
    const isModule = file.endsWith(".js") && !file.includes(".umd.");
    expect(beyondFloor(code, isModule ? "module" : "script")).toEqual([]);
  });

  it.each([
    ["class A { static { f(); } }", "a static block"],
    ["class A { #a; is(o) { return #a in o; } }", "#a in …"],
    ["/(?<=a)b/.test(c)", "a regular expression that looks behind"],
    ["a?.b(...c)", "a spread in an optional call, which Chrome 90 gets wrong"],
    ["list.at(-1)", ".at"],
    ["signal?.throwIfAborted()", ".throwIfAborted"],
    ["Object.hasOwn(a, b)", "Object.hasOwn"],
    ["structuredClone(a)", "structuredClone"],
    ["new BroadcastChannel(a)", "BroadcastChannel"],
    ["await a", "await at the top level"],
  ])("cannot run `%s`", (code, what) => {
    expect(beyondFloor(code, "module")).toEqual([`1: ${what}`]);
  });

  it.each([
    "signal.throwIfAborted?.()",
    'typeof structuredClone === "function"',
    "try { new BroadcastChannel(a); } catch {}",
    "class A { #a = 1; #b() {} static c = 2; }",
    "a ??= b?.c",
    "retry.at - now",
  ])("can run `%s`", (code) => {
    expect(beyondFloor(code, "module")).toEqual([]);
  });
});
