import { once } from "node:events";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { Server } from "socket.io";
import { io as connect } from "socket.io-client";
import { describe, expect, it, onTestFinished } from "vitest";
import type * as ServerPart from "../../src/server/index.ts";

const dist = new URL("../../dist/", import.meta.url);

/** The server part as `import` and as `require` get it: one package, and two copies in one process. */
async function bothCopies(): Promise<{ esm: typeof ServerPart; cjs: typeof ServerPart }> {
  const esm = await import(fileURLToPath(new URL("server.js", dist)));
  const cjs = createRequire(import.meta.url)(fileURLToPath(new URL("server.cjs", dist)));
  return { esm, cjs };
}

describe("the built server part, imported and required", () => {
  it("V7 an AuthError of one copy is a verdict to the other, and each knows what the other guards", async () => {
    const { esm, cjs } = await bothCopies();
    expect(esm.AuthError).not.toBe(cjs.AuthError);
    const http = createServer().listen(0, "127.0.0.1");
    await once(http, "listening");
    const io = new Server(http, { serveClient: false });
    onTestFinished(() => io.close());
    esm.authenticate(io, {
      verify: () => {
        throw new cjs.AuthError("token_expired");
      },
    });
    expect(() => cjs.authenticate(io, { verify: () => null })).toThrow(/already called/);
    const { port } = http.address() as AddressInfo;
    const socket = connect(`http://127.0.0.1:${port}`, { auth: { token: "x" }, reconnection: false });
    onTestFinished(() => void socket.disconnect());
    const error = await new Promise((resolve) => socket.once("connect_error", resolve));
    expect(error).toMatchObject({ data: { code: "token_expired" } });
  });
});
