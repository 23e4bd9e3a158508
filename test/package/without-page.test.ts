import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

// As an app's module is that a server-side build imports.
const module = `
  import { AuthSocket } from "authsocket";
  export const auth = new AuthSocket("/", { refresh: "/api/refresh-token" });
`;

describe("a module with an AuthSocket, where there is no page (B20)", () => {
  it("lets a Node process that has imported it end by itself, and asks nobody anything", () => {
    const code = `
      import net from "node:net";
      const asked = [];
      globalThis.fetch = (url) => asked.push(String(url));
      net.Socket.prototype.connect = () => asked.push("a connection");
      ${module}
      process.on("exit", () => console.log(JSON.stringify({ asked, status: auth.state.status })));
    `;
    const out = execFileSync(process.execPath, ["--input-type=module", "--eval", code], {
      cwd: root,
      encoding: "utf8",
      timeout: 150_000,
    });
    expect(JSON.parse(out)).toEqual({ asked: [], status: "idle" });
  });

  it("asks nobody anything in an edge runtime", async () => {
    const { outputFiles } = await build({
      stdin: { contents: `${module}; globalThis.status = auth.state.status;`, resolveDir: root },
      bundle: true,
      write: false,
      format: "iife",
      platform: "browser",
    });
    const edge = new EdgeVM();
    edge.evaluate("globalThis.asked = []; globalThis.fetch = (url) => globalThis.asked.push(String(url));");
    edge.evaluate(outputFiles[0]?.text ?? "");
    expect(edge.evaluate("JSON.stringify({ asked, status })")).toBe('{"asked":[],"status":"idle"}');
  });
});
