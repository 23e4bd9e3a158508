import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./tarball.ts";

/** Every paper of the project, by its path from the root. */
export const papers = [
  "README.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "PROTOCOL.md",
  "SECURITY.md",
  "CODE_OF_CONDUCT.md",
  ...readdirSync(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => `docs/${file}`),
].filter((paper) => existsSync(join(root, paper)));

export function read(paper: string): string {
  return readFileSync(join(root, paper), "utf8");
}

/** Fenced code. */
export interface Block {
  paper: string;
  line: number;
  language: string;
  code: string;
  /** from a first line such as `// auth.ts`: other blocks of the paper import it by this name */
  file: string | undefined;
}

export function blocks(paper: string): Block[] {
  const text = read(paper);
  return [...text.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)].map(
    ({ 1: language = "", 2: code = "", index }) => ({
      paper,
      line: lineOf(text, index) + 1,
      language,
      code,
      file: /^\/\/ ([\w./-]+\.tsx?)\b/.exec(code)?.[1],
    }),
  );
}

/** The text without its fenced code, which is a place for no link or name. Lines keep their numbers. */
export function prose(paper: string): string {
  return read(paper).replace(/^```.*?^```$/gms, (block) => block.replace(/[^\n]/g, ""));
}

export function lineOf(text: string, index: number): number {
  return text.slice(0, index).split("\n").length;
}

/** Where a heading can be linked to, as GitHub and as the site name it. */
export function anchors(paper: string): { github: string; site: string }[] {
  const includes = [...read(paper).matchAll(/<!--@include: (\S+)-->/g)].map(([, path = ""]) => path);
  const headings = [...prose(paper).matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) => heading);
  return [
    ...headings.map((heading) => ({ github: githubSlug(heading), site: siteSlug(heading) })),
    ...includes.flatMap((path) => anchors(join("docs", path))),
  ];
}

function githubSlug(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");
}

function siteSlug(heading: string): string {
  return heading
    .replace(/[\s~`!@#$%^&*()\-_+=[\]{}|\\;:"'“”‘’<>,.?/]+/g, "-")
    .replace(/^-|-$/g, "")
    .toLowerCase();
}

/** The names in backticks in the first column of the tables under a heading. */
export function firstColumn(paper: string, heading: string): string[] {
  const [, after = ""] = read(paper).split(`\n${heading}\n`);
  const level = heading.replace(/[^#].*/, "");
  const section = after.split(new RegExp(`^#{1,${level.length}} `, "m"))[0] ?? "";
  return [...section.matchAll(/^\| `([^`]+)`[^|]*\|/gm)].map(([, name = ""]) => name);
}

/** The paths that a drawn tree of folders names: two spaces for each level, several names in a line, `*` for any. */
export function treePaths(paper: string): string[] {
  const tree = blocks(paper).find(({ code }) => code.startsWith("src/"))?.code ?? "";
  const folders: string[] = [];
  return tree.split("\n").flatMap((line) => {
    const [, indent = "", names = ""] = /^( *)((?:\S+ )*\S+)/.exec(line) ?? [];
    const level = indent.length / 2;
    folders.length = Math.min(folders.length, level);
    const entries = names.split(/,? /).filter((name) => /^[\w*]/.test(name));
    const paths = entries.map((name) => join(...folders, name).replace(/\/$/, ""));
    if (entries.length === 1 && entries[0]?.endsWith("/")) folders.push(entries[0]);
    return paths;
  });
}
