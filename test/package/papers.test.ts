import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { complaints, readProject } from "./compile.ts";
import { declaredLiterals, declaredProperties } from "./declared.ts";
import {
  anchors,
  type Block,
  blocks,
  firstColumn,
  lineOf,
  papers,
  prose,
  read,
  treePaths,
} from "./papers.ts";
import { root } from "./tarball.ts";

const all = papers.flatMap(blocks);
const inLanguage = (...languages: string[]) => all.filter(({ language }) => languages.includes(language));

// The blocks lie, as modules, where "authsocket" means the built package: what a reader copies is what is compiled. Those
// of one paper lie side by side, so that they can import each other.
const place = ({ paper, line, language, file }: Block) =>
  join(root, "test/types", paper.replaceAll("/", "-"), file ?? `line-${line}.${language}`);
// `npm run test:providers` compiles those that need an SDK which only it installs.
const { devDependencies: elsewhere } = JSON.parse(read("test/providers/package.json")) as {
  devDependencies: Record<string, string>;
};
const isElsewhere = ({ code }: Block) =>
  Object.keys(elsewhere).some((name) => new RegExp(`from "${name}["/]`).test(code));
const compiled = inLanguage("ts", "tsx").filter((block) => !isElsewhere(block));
const { options } = readProject("test/types/tsconfig.json");
const found = complaints(
  [join(root, "test/package/readme-prelude.d.ts")],
  {
    ...options,
    types: ["node"],
    jsx: ts.JsxEmit.ReactJSX,
    // A reader's block may declare a name only to show it.
    noUnusedLocals: false,
    noUnusedParameters: false,
  },
  new Map(compiled.map((block) => [place(block), block.code])),
);

describe("the code in the papers", () => {
  it.each(compiled)("compiles: $paper line $line", (block) => {
    expect(found.get(place(block))).toEqual([]);
  });

  it("has a file name of its own in each paper", () => {
    const places = compiled.map(place);
    expect(places.filter((each, index) => places.indexOf(each) !== index)).toEqual([]);
  });

  it.each(inLanguage("js"))("is JavaScript: $paper line $line", ({ code }) => {
    const { diagnostics = [] } = ts.transpileModule(code, { reportDiagnostics: true, fileName: "block.js" });
    expect(diagnostics.map(({ messageText }) => messageText)).toEqual([]);
  });

  it.each(inLanguage("json"))("is JSON: $paper line $line", ({ code }) => {
    expect(() => JSON.parse(code)).not.toThrow();
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

/** Where a paper's link leads: "docs/x.md#anchor" from the root. */
const links = papers.flatMap((paper) => {
  const text = prose(paper);
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .filter(([, target = ""]) => !/^[a-z]+:/.test(target))
    .map(({ 1: target = "", index }) => ({ paper, line: lineOf(text, index), target }));
});

describe("the links in the papers", () => {
  it.each(links)("lead somewhere: $paper line $line, $target", ({ paper, target }) => {
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? paper : normalize(join(dirname(paper), path));
    expect(existsSync(join(root, file)), file).toBe(true);
    // The site knows nothing outside of docs.
    if (paper.startsWith("docs/")) expect(file).toMatch(/^docs\//);
    if (anchor === undefined) return;
    const known = anchors(file);
    expect(known.map(({ github }) => github)).toContain(anchor);
    expect(known.map(({ site }) => site)).toContain(anchor);
  });

  it("reach every page of the site from its sidebar", () => {
    const config = readFileSync(join(root, "docs/.vitepress/config.js"), "utf8");
    const pages = papers.filter((paper) => paper.startsWith("docs/") && paper !== "docs/index.md");
    const missing = pages.filter((page) => !config.includes(`"${page.replace(/^docs\/|\.md$/g, "")}"`));
    expect(missing).toEqual([]);
  });
});

describe("the names in the papers", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };

  it.each(papers)("are scripts of package.json: %s", (paper) => {
    const named = [...read(paper).matchAll(/npm run ([a-z][\w:-]*)/g)].map(([, name = ""]) => name);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  it.each(papers)("are files of the project: %s", (paper) => {
    const named = [...prose(paper).matchAll(/`((?:src|test|demo|docs|\.ci|\.github)\/[\w./-]+)`/g)];
    const paths = named.map(([, path = ""]) => path);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  const tree = treePaths("docs/architecture.md");
  /** Whether the last part of a path in the tree, such as "*-source.ts", means that name. */
  const matches = (name: string, path: string) =>
    new RegExp(`^${basename(path).replaceAll(".", "\\.").replaceAll("*", ".*")}$`).test(name);

  it.each(tree)("are files of the tree: %s", (path) => {
    const folder = join(root, dirname(path));
    expect(existsSync(folder) && readdirSync(folder).some((name) => matches(name, path))).toBe(true);
  });

  // Where the tree looks into a folder of src, it names all that is there.
  const open = [...new Set(tree.map((path) => dirname(path)))].filter((path) => /^src\b/.test(path));

  it.each(open)("are all the files and folders of %s", (parent) => {
    const names = readdirSync(join(root, parent)).filter((name) => /^[^.]+$|\.ts$/.test(name));
    const named = tree.filter((path) => dirname(path) === parent);
    expect(names.filter((name) => !named.some((path) => matches(name, path)))).toEqual([]);
  });

  it.each(["demo", "demo/server", "demo/pages/dashboard", "test"])("are all the folders of %s", (parent) => {
    const entries = readdirSync(join(root, parent), { withFileTypes: true });
    const folders = entries
      .filter((entry) => entry.isDirectory() && !/^(dist|node_modules)$/.test(entry.name))
      .map(({ name }) => `${parent}/${name}`);
    expect(folders.filter((folder) => !tree.includes(folder))).toEqual([]);
  });

  it.each([
    ["AuthSessionOptions", "docs/sessions-and-tokens.md", "## Options"],
    ["AuthSocketOptions", "docs/connections.md", "## Options"],
  ])("are all the options of %s", (type, paper, heading) => {
    const session = declaredProperties("AuthSessionOptions");
    const own = declaredProperties(type).filter(
      (name) => type === "AuthSessionOptions" || name === "allowInsecure" || !session.includes(name),
    );
    const named = new Set(firstColumn(paper, heading).map((name) => name.split(".")[0]));
    expect(named).toEqual(new Set(own));
  });

  it("are all the error codes", () => {
    const named = new Set(firstColumn("docs/connections.md", "## Error codes"));
    expect(named).toEqual(new Set(declaredLiterals("AuthSocketErrorCode")));
  });

  it.each([
    ["AuthSocketState", "docs/connections.md", "## Connection states"],
    ["SessionState", "docs/sessions-and-tokens.md", "## Session states"],
  ])("are all the members of %s", (type, paper, heading) => {
    expect(new Set(firstColumn(paper, heading))).toEqual(new Set(declaredLiterals(type, "status")));
  });

  it("are all the rules and traps that code and tests speak of", () => {
    const known = new Set(
      [...read("docs/rules.md").matchAll(/^\| ([BSVT]\d+) \|/gm)].map(([, name]) => name),
    );
    const files = ["src", "test", "demo"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
        .filter((file) => /\.tsx?$/.test(file) && !file.includes("node_modules"))
        .map((file) => join(root, folder, file)),
    );
    const unknown = files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/(?<=^\s*(?:\/\/|\*|\/\*\*).*|it\(")\b([BSVT]\d{1,2})\b/gm)]
        .filter(([, name]) => !known.has(name))
        .map(([, name]) => `${file}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });
});
