import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pack, root } from "./tarball.ts";

const tarball = pack();
afterAll(() => tarball.remove());

const scripts = [
  "authsocket.js",
  "authsocket.cjs",
  "authsocket.umd.js",
  "authsocket.umd.min.js",
  "sources.js",
  "sources.cjs",
  "server.js",
  "server.cjs",
  "testing.js",
  "testing.cjs",
];

describe("the packed package", () => {
  it("holds what a user needs and nothing else", () => {
    const papers = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];
    if (existsSync(join(root, "PROTOCOL.md"))) papers.push("PROTOCOL.md");
    const built = [
      ...scripts,
      ...scripts.map((file) => `${file}.map`),
      "authsocket.d.ts",
      "authsocket.d.cts",
      "sources.d.ts",
      "sources.d.cts",
      "server.d.ts",
      "server.d.cts",
      "testing.d.ts",
      "testing.d.cts",
    ];
    expect(tarball.files.sort()).toEqual([...papers, ...built.map((file) => `dist/${file}`)].sort());
  });

  it.each(scripts)(
    "brings the sources of %s in its source map, without a path of the machine it was built on",
    (file) => {
      const map = JSON.parse(readFileSync(join(root, "dist", `${file}.map`), "utf8")) as {
        sources: string[];
        sourcesContent: (string | null)[];
      };
      expect(map.sources).not.toHaveLength(0);
      expect(map.sourcesContent).toHaveLength(map.sources.length);
      expect(map.sourcesContent.every(Boolean)).toBe(true);
      for (const source of map.sources) expect(source).toMatch(/^\.\.\/(src|node_modules)\//);
    },
  );

  it("asks for jwt-decode alone, for socket.io-client 4.7 or later beside it, and on a server for socket.io 4.8", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest.dependencies).toEqual({ "jwt-decode": "^4.0.0" });
    expect(manifest.peerDependencies).toEqual({ "socket.io": "^4.8.0", "socket.io-client": "^4.7.0" });
    expect(manifest.peerDependenciesMeta).toEqual({ "socket.io": { optional: true } });
  });
});
