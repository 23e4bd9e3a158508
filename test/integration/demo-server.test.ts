import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createDemoServer } from "../../demo/server/index.ts";
import { event, SECRET, useDemoServer } from "../support/demo-browser.ts";

const { server: shared, signedIn } = useDemoServer();

describe("what is served", () => {
  it.each([
    ["/", "text/html"],
    ["/app", "text/html"],
    ["/dashboard.css", "text/css"],
    ["/script-tag.js", "javascript"],
    ["/socket.io/socket.io.min.js", "javascript"],
  ])("%s", async (path, type) => {
    const response = await fetch(`${shared().url}${path}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toContain(type);
  });

  it.each(["/authsocket.umd.min.js", "/authsocket.umd.min.js.map", "/dashboard.js", "/spa.js"])(
    "%s, or what to do where it is not built",
    async (path) => {
      const response = await fetch(`${shared().url}${path}`);
      if (response.status === 200) expect(response.headers.get("Content-Type")).toMatch(/javascript|json/);
      else
        expect([response.status, await response.text()]).toEqual([
          404,
          expect.stringContaining("npm run build"),
        ]);
    },
  );

  it.each(["/package.json", "/demo/server/main.ts", "/dashboard/index.ts", "/..%2fpackage.json"])(
    "and not %s",
    async (path) => {
      expect((await fetch(`${shared().url}${path}`)).status).toBe(404);
    },
  );
});

describe("the server", () => {
  it.each([
    [{ secret: "short" }, '"secret" must be at least 32 bytes long'],
    [{ accessTokenLifetime: 0 }, '"accessTokenLifetime" must be a positive number of milliseconds'],
    [{ passwordCost: 3 }, '"passwordCost" must be a power of two from 2 to 1048576'],
    [{ passwordCost: 1 }, '"passwordCost" must be a power of two from 2 to 1048576'],
    [{ passwordCost: 2 ** 21 }, '"passwordCost" must be a power of two from 2 to 1048576'],
    [{ accessTokenLifetime: Number.NaN }, '"accessTokenLifetime" must be a positive number of milliseconds'],
  ])("refuses %j", async (options, message) => {
    await expect(createDemoServer(options)).rejects.toThrow(new TypeError(message));
  });

  it("closes promptly, with a hanging refresh and open sockets, and once", async () => {
    const server = await createDemoServer();
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    await browser.post("/api/faults/refresh-hang");
    const requested = once(server.io.httpServer, "request");
    const hanging = expect(browser.refresh()).rejects.toThrow();
    await requested;
    const dropped = event(socket, "disconnect");
    const start = Date.now();
    await Promise.all([server.close(), server.close()]);
    expect(Date.now() - start).toBeLessThan(1_000);
    await Promise.all([hanging, dropped]);
    socket.disconnect();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it("says in plain words that its port is taken", async () => {
    const port = new URL(shared().url).port;
    const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", main], {
      env: { ...process.env, PORT: port, JWT_SECRET: SECRET },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const [errors, [code]] = await Promise.all([text(child.stderr), once(child, "close")]);
    expect(code).toBe(1);
    expect(errors).toContain(`Port ${port} is taken`);
    expect(errors).not.toContain("at ");
  }, 120_000);

  it("prints its address and the accounts, and stops at Ctrl+C", async () => {
    const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));
    const child = spawn(process.execPath, ["--import", "tsx", main], {
      env: { ...process.env, PORT: "0", ACCESS_TOKEN_SECONDS: "2", JWT_SECRET: SECRET },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (output.includes("Ctrl+C")) child.kill("SIGINT");
    }
    expect(output).toMatch(/http:\/\/127\.0\.0\.1:\d+/);
    expect(output).toContain("live for 2 s");
    for (const { username, password } of shared().accounts)
      expect(output).toMatch(new RegExp(`${username} +${password}`));
    expect(output).not.toContain(SECRET);
  }, 120_000);
});
