import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const demo = fileURLToPath(new URL("../../demo", import.meta.url));

/** The rooms of the server and of the dashboard. Each may import itself and the rooms before it. */
const houses: Record<string, readonly string[]> = {
  server: [
    "stores",
    "guards",
    "people",
    "tokens",
    "sockets",
    "faults",
    "handshake",
    "sign-in",
    "provider",
    "sessions",
    "namespaces",
    "site",
  ],
  "pages/dashboard": [
    "elements",
    "server",
    "state",
    "token",
    "log",
    "sign-in",
    "timeline",
    "ticks",
    "chat",
    "faults",
    "handshake",
    "namespaces",
    "sessions",
    "people",
  ],
};

/** The files at the top of each house, which put the rooms together. A room imports none of them. */
const roots: Record<string, readonly string[]> = {
  server: ["index.ts", "main.ts", "options.ts"],
  "pages/dashboard": ["index.ts"],
};

describe.each(Object.entries(houses))("the architecture of demo/%s", (house, rooms) => {
  const folder = join(demo, house);
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"))
    .map((path) => path.replaceAll("\\", "/"));

  /** The files of this project that a file imports, by their path from the house. Type imports count. */
  function allImports(file: string): string[] {
    const { importedFiles } = ts.preProcessFile(readFileSync(join(folder, file), "utf8"));
    return importedFiles
      .filter(({ fileName }) => fileName.startsWith("."))
      .map(({ fileName }) => relative(folder, join(folder, dirname(file), fileName)).replaceAll("\\", "/"));
  }

  const isInside = (path: string) => !path.startsWith("../");
  const imports = (file: string) => allImports(file).filter(isInside);

  const roomOf = (file: string) => dirname(file);

  it("has every file in a room, apart from the files that put the rooms together", () => {
    const homeless = files.filter((file) => !rooms.includes(roomOf(file)));
    expect(homeless.sort()).toEqual(roots[house]);
  });

  it("has no room that is empty", () => {
    expect(rooms.filter((room) => !files.some((file) => roomOf(file) === room))).toEqual([]);
  });

  it.each(rooms)("%s imports itself and the rooms before it only", (room) => {
    const allowed = rooms.slice(0, rooms.indexOf(room) + 1);
    const upward = files
      .filter((file) => roomOf(file) === room)
      .flatMap((file) => imports(file).map((imported) => ({ file, imported })))
      .filter(({ imported }) => !allowed.includes(roomOf(imported)));
    expect(upward).toEqual([]);
  });

  it("imports nothing outside but the events that pages and server share", () => {
    const outside = files.flatMap(allImports).filter((path) => !isInside(path));
    const shared = relative(folder, join(demo, "socket-events.ts")).replaceAll("\\", "/");
    expect([...new Set(outside)]).toEqual([shared]);
  });

  it("imports files that exist, so that no path escapes the check", () => {
    expect(files.flatMap(imports).filter((path) => !files.includes(path))).toEqual([]);
  });

  it("has no import cycle", () => {
    const done = new Set<string>();
    const cycleFrom = (file: string, path: string[]): string[] => {
      if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
      if (done.has(file)) return [];
      const cycles = imports(file).map((next) => cycleFrom(next, [...path, file]));
      done.add(file);
      return cycles.find((cycle) => cycle.length > 0) ?? [];
    };
    expect(files.flatMap((file) => cycleFrom(file, []))).toEqual([]);
  });
});
