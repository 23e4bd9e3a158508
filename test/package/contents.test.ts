import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { root } from "./tarball.ts";

const tarball = inject("tarball");

// Those that begin with "shared-" are what several entry points hold.
const entries = [
  ...["session", "sources", "server", "testing", "react", "vue", "svelte"],
  ...["shared-hold", "shared-socket-event"],
];

const scripts = [
  "authsocket.js",
  "authsocket.cjs",
  "authsocket.umd.js",
  "authsocket.umd.min.js",
  ...[...entries, "shared-auth-session"].flatMap((name) => [`${name}.js`, `${name}.cjs`]),
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
      ...entries.flatMap((name) => [`${name}.d.ts`, `${name}.d.cts`]),
    ];
    expect(tarball.files.sort()).toEqual([...papers, ...built.map((file) => `dist/${file}`)].sort());
  });

  // The entry "session" names what the shared file holds, and has no line of its own.
  it.each(scripts.filter((file) => !file.startsWith("session.")))(
    "brings the sources of %s in its source map, without a path of the machine it was built on",
    (file) => {
      const map = JSON.parse(readFileSync(join(root, "dist", `${file}.map`), "utf8")) as {
        sources: string[];
        sourcesContent: (string | null)[];
      };
      // What only passes on what another file holds has no source.
      if (file.startsWith("session.")) return;
      expect(map.sources).not.toHaveLength(0);
      expect(map.sourcesContent).toHaveLength(map.sources.length);
      expect(map.sourcesContent.every(Boolean)).toBe(true);
      for (const source of map.sources) expect(source).toMatch(/^\.\.\/(src|node_modules)\//);
    },
  );

  it("asks for jwt-decode alone, for socket.io-client 4.7 or later beside it, and for the rest only where it is used", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as Record<string, unknown>;
    expect(manifest.dependencies).toEqual({ "jwt-decode": "^4.0.0" });
    expect(manifest.peerDependencies).toEqual({
      react: ">=18",
      "socket.io": "^4.8.0",
      "socket.io-client": "^4.7.0",
      vue: "^3.3.0",
    });
    const optional = { optional: true };
    expect(manifest.peerDependenciesMeta).toEqual({ react: optional, "socket.io": optional, vue: optional });
  });
});
