import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { complaints, readProject } from "./compile.ts";
import { root } from "./tarball.ts";

interface Block {
  paper: string;
  line: number;
  language: string;
  code: string;
}

/** The fenced code of a paper. */
function blocks(paper: string): Block[] {
  if (!existsSync(join(root, paper))) return [];
  const text = readFileSync(join(root, paper), "utf8");
  return [...text.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(
    ({ 1: language = "", 2: code = "", index }) => ({
      paper,
      line: text.slice(0, index).split("\n").length + 1,
      language,
      code,
    }),
  );
}

const all = ["README.md", "PROTOCOL.md", "CONTRIBUTING.md"].flatMap(blocks);
const inLanguage = (...languages: string[]) => all.filter(({ language }) => languages.includes(language));

// The blocks lie, as modules, where "authsocket" means the built package: what a reader copies is what is compiled.
const place = (block: Block) => join(root, "test/types", `${block.paper}-${block.line}.ts`);
const { options } = readProject("test/types/tsconfig.json");
const found = complaints(
  [join(root, "test/package/readme-prelude.d.ts")],
  // A reader's block may declare a name only to show it.
  { ...options, types: ["node"], noUnusedLocals: false, noUnusedParameters: false },
  new Map(inLanguage("ts").map((block) => [place(block), block.code])),
);

describe("the code in the papers", () => {
  it.each(inLanguage("ts"))("compiles: $paper line $line", (block) => {
    expect(found.get(place(block))).toEqual([]);
  });

  it.each(inLanguage("js"))("is JavaScript: $paper line $line", ({ code }) => {
    const { diagnostics = [] } = ts.transpileModule(code, { reportDiagnostics: true, fileName: "block.js" });
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  });

  it.each(inLanguage("html"))("names only what the script tag gives: $paper line $line", ({ code }) => {
    const umd = readFileSync(join(root, "dist/authsocket.umd.js"), "utf8");
    for (const [, name] of code.matchAll(/\bauthsocket\.([A-Za-z]\w*)\b(?!\.?js)/g)) {
      if (name !== "umd") expect(umd).toContain(`exports.${name} = ${name};`);
    }
    for (const [, file = ""] of code.matchAll(/src="[^"]*?(authsocket[^"/]*)"/g)) {
      expect(existsSync(join(root, "dist", file)), file).toBe(true);
    }
  });

  it("needs a prelude that compiles", () => {
    expect(found.get(join(root, "test/package/readme-prelude.d.ts"))).toEqual([]);
  });
});
