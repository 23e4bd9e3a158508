import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const src = fileURLToPath(new URL("../../src", import.meta.url));

const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.replaceAll("\\", "/"));

const text = (file: string) => readFileSync(join(src, file), "utf8");

/** What a file of src imports: files of src by their path in it, packages by their name. Type imports count. */
function imports(file: string): string[] {
  return ts.preProcessFile(text(file)).importedFiles.map(({ fileName }) => {
    if (!fileName.startsWith(".")) return fileName;
    const path = relative(src, join(src, dirname(file), fileName)).replaceAll("\\", "/");
    return path.replace(/(\.[jt]s)?$/, ".ts");
  });
}

/** What every room of the client may use. */
const TOOLS = /^client\/(abort|bound-methods|defined|errors|observable|option-check|reactions)\.ts$/;

/** Those, and rooms of the client. */
function rooms(...names: string[]): RegExp {
  return new RegExp(`${TOOLS.source}|^client/(${names.join("|")})/`);
}

/** The floors, by the file's path: what each may import besides itself. The first that matches is the file's. */
const floors: [name: string, files: RegExp, mayImport: RegExp][] = [
  ["the protocol", /^protocol\.ts$/, /^$/],
  ["jwt", /^client\/token\/jwt\.ts$/, /^jwt-decode$/],
  ["the tools", TOOLS, TOOLS],
  ["tokens", /^client\/token\//, rooms("token")],
  ["the lease", /^client\/lease\//, rooms("lease")],
  ["the platform", /^client\/platform\//, rooms("lease", "platform")],
  ["refreshing", /^client\/refresh\//, rooms("token", "platform", "refresh")],
  ["stores", /^client\/store\//, rooms("token", "platform", "store")],
  ["tabs", /^client\/tabs\//, rooms("token", "lease", "platform", "tabs")],
  ["the session", /^client\/session\//, rooms("token", "platform", "refresh", "store", "tabs", "session")],
  [
    "the public session",
    /^client\/(auth-session|index\.session)\.ts$/,
    /^client\/(?!connection\/|auth-socket)/,
  ],
  [
    "the connection",
    /^client\/connection\//,
    new RegExp(
      `${rooms("token", "platform", "session", "connection").source}|^client/auth-session\\.ts$|^protocol\\.ts$|^socket\\.io-client$`,
    ),
  ],
  ["the client", /^client\//, /^client\/|^socket\.io-client$/],
  ["the sources", /^sources\//, /^sources\/|^client\/refresh\/source\.ts$/],
  ["the adapters", /^adapters\//, /^adapters\/|^authsocket$|^(react|vue|svelte\/store|socket\.io-client)$/],
  [
    "testing",
    /^testing\//,
    /^testing\/|^protocol\.ts$|^server\/(auth-error|user-room|connection\/notice)\.ts$|^authsocket$|^socket\.io-(client|parser)$|^@socket\.io\/component-emitter$/,
  ],
  ["the server", /^server\//, /^server\/|^protocol\.ts$|^socket\.io$|^node:crypto$/],
];

describe("the architecture", () => {
  it.each(files)("%s imports its own floor and lower ones only", (file) => {
    const floor = floors.find(([, pattern]) => pattern.test(file));
    expect(floor, "a file outside every floor").toBeDefined();
    const mayImport = floor?.[2] ?? /^$/;
    expect(imports(file).filter((imported) => !mayImport.test(imported))).toEqual([]);
  });

  it("imports files that exist, so that no path escapes the check", () => {
    const missing = files.flatMap(imports).filter((path) => path.endsWith(".ts") && !files.includes(path));
    expect(missing).toEqual([]);
  });

  it("has no import cycle", () => {
    const done = new Set<string>();
    const cycleFrom = (file: string, path: string[]): string[] => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file) || !files.includes(file)) return [];
      const cycles = imports(file).map((next) => cycleFrom(next, [...path, file]));
      done.add(file);
      return cycles.find((cycle) => cycle.length > 0) ?? [];
    };
    expect(files.flatMap((file) => cycleFrom(file, []))).toEqual([]);
  });

  it("uses no member of Socket.IO that its minified builds rename", () => {
    const renamed = files.filter((file) => file.startsWith("client/") && /\w\??\._[a-z]/.test(text(file)));
    expect(renamed).toEqual([]);
  });

  it("takes clock and randomness from the platform alone", () => {
    const core = files.filter((file) => /^client\/(?!platform\/|lease\/|store\/)/.test(file));
    expect(core).not.toHaveLength(0);
    // The stores find the browser's storage by themselves.
    const impure =
      /\bDate\.now\b|\bnew Date\(\)|(?<!new )\bDate\(\)|\bMath\.random\b|\bglobalThis\b(?!\.(localStorage|sessionStorage|window)\b)/;
    expect(core.filter((file) => impure.test(text(file)))).toEqual([]);
  });
});
