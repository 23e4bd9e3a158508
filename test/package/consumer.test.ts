import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import ts from "typescript";
import { afterAll, describe, expect, inject, it } from "vitest";
import { complaints } from "./compile.ts";
import { root } from "./tarball.ts";

// An app of somebody else's: the tarball unpacked in its node_modules, beside what the package depends on.
const app = realpathSync(mkdtempSync(join(tmpdir(), "authsocket-app-")));
afterAll(() => rmSync(app, { recursive: true, force: true }));
const modules = join(app, "node_modules");
mkdirSync(join(modules, "authsocket"), { recursive: true });
execFileSync("tar", [
  "-xzf",
  inject("tarball").path,
  "-C",
  join(modules, "authsocket"),
  "--strip-components=1",
]);
for (const name of ["jwt-decode", "socket.io-client"]) {
  symlinkSync(join(root, "node_modules", name), join(modules, name), "junction");
}

function run(file: string, code: string): string {
  writeFileSync(join(app, file), code);
  return execFileSync(process.execPath, [file], { cwd: app, encoding: "utf8" }).trim();
}

const imported = run(
  "app.mjs",
  `import * as all from "authsocket"; console.log(Object.keys(all).sort().join());`,
);

describe("an app that installs the package", () => {
  it("imports AuthSocket, AuthSession and the stores", () => {
    expect(imported.split(",")).toEqual(
      expect.arrayContaining([
        "AuthSession",
        "AuthSocket",
        "AuthSocketError",
        "memoryStore",
        "webStorageStore",
      ]),
    );
  });

  it("requires the same names", () => {
    expect(run("app.cjs", `console.log(Object.keys(require("authsocket")).sort().join());`)).toBe(imported);
  });

  it.each([
    ["imports", "server.mjs", 'import * as all from "authsocket/server";'],
    ["requires", "server.cjs", 'const all = require("authsocket/server");'],
  ])("%s the server part, which loads nothing besides itself", (_name, file, load) => {
    const names = run(file, `${load} console.log(Object.keys(all).sort().join());`);
    expect(names).toBe("AuthError,authenticate,userRoom");
  });

  it.each([
    ["imports", "testing.mjs", 'import { createTestServer } from "authsocket/testing";'],
    ["requires", "testing.cjs", 'const { createTestServer } = require("authsocket/testing");'],
  ])("%s the testing part, with AuthSockets of the app's own copy", (_name, file, load) => {
    const text = `${load}
      (async () => {
        const server = createTestServer();
        const session = server.session();
        const auth = server.socket({ session });
        await session.signIn(server.issue());
        await server.settled();
        console.log(auth.state.status);
        await server.close();
      })();`;
    expect(run(file, text)).toBe("connected");
  });

  it.each(["authsocket.umd.js", "authsocket.umd.min.js"])(
    "finds them in the global of %s, with nothing but io there",
    (file) => {
      const page: { io: object; authsocket?: object } = { io: {} };
      runInNewContext(readFileSync(join(root, "dist", file), "utf8"), page);
      expect(
        Object.keys(page.authsocket ?? {})
          .sort()
          .join(),
      ).toBe(imported);
      expect(Object.keys(page).sort()).toEqual(["authsocket", "io"]);
    },
  );

  it.each([
    ["a bundler", "app.ts", ts.ModuleKind.ESNext, ts.ModuleResolutionKind.Bundler],
    ["Node's import", "app.mts", ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
    ["Node's require", "app.cts", ts.ModuleKind.NodeNext, ts.ModuleResolutionKind.NodeNext],
  ])("gets its types through %s, declarations checked too", (_name, file, module, moduleResolution) => {
    const text = `import { AuthSocket } from "authsocket";
      const { socket } = new AuthSocket("https://chat.example.com", { refresh: "/api/refresh-token" });
      socket.emit("message", "hello");`;
    const found = complaints(
      [],
      { module, moduleResolution, strict: true, noEmit: true, target: ts.ScriptTarget.ES2022, types: [] },
      new Map([[join(app, file), text]]),
    );
    expect([...found.values()].flat()).toEqual([]);
  });
});
