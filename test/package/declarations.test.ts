import { join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { complaints, readProject } from "./compile.ts";
import { root } from "./tarball.ts";

const { files, options } = readProject("test/types/tsconfig.json");
const found = complaints(files, options);

describe("the built declarations", () => {
  it.each(files.map((file) => relative(root, file)))("are what %s expects of them", (file) => {
    expect(found.get(files.find((path) => relative(root, path) === file) ?? "")).toEqual([]);
  });

  it("need no DOM library", () => {
    const names = ["authsocket", "authsocket/session", "authsocket/sources", "authsocket/testing"];
    const text = names.map((name, index) => `import * as entry${index} from "${name}"; void entry${index};`);
    const user = join(root, "test/types/without-dom.ts");
    const withoutDom = { ...options, lib: ["lib.es2022.d.ts"], types: ["node"], skipLibCheck: false };
    expect([...complaints([], withoutDom, new Map([[user, text.join("\n")]]))]).toEqual([[user, []]]);
  });

  it("bring no complaint from elsewhere", () => {
    const elsewhere = [...found].filter(([file]) => !files.includes(file));
    expect(elsewhere).toEqual([]);
  });
});
