import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, describe, expect, it, vi } from "vitest";

let server: TestServer;

afterEach(async () => {
  await server.close();
  vi.useRealTimers();
});

/** Jest's Node has no File. */
const files = typeof File === "function" ? [new File(["!"], "mark.txt")] : [];

describe.each([
  ["its own timers", false],
  ["fake timers", true],
])("binary data, by %s", (_, isFake) => {
  it("of every kind arrives as bytes, and does not stop what is behind it", async () => {
    if (isFake) vi.useFakeTimers();
    server = createTestServer();
    const auth = server.socket();
    await auth.session.signIn(server.issue());
    await server.settled();
    const kinds = [new Uint8Array([104, 105]), new Uint8Array([104, 105]).buffer, new Blob(["hi"]), ...files];
    for (const kind of kinds) auth.socket.emit("file", kind);
    auth.socket.emit("after", 1);
    await server.settled();
    const arrived = server.received("file").map(([bytes]) => String.fromCharCode(...(bytes as Uint8Array)));
    expect(arrived).toEqual(["hi", "hi", "hi", ...files.map(() => "!")]);
    expect(server.received("after")).toEqual([[1]]);
  });

  it("that a timer sends arrives while the clock is advanced", async () => {
    if (isFake) vi.useFakeTimers();
    server = createTestServer();
    const auth = server.socket();
    await auth.session.signIn(server.issue());
    const start = Date.now();
    server.on("file", (_bytes: unknown, answer: (at: number) => void) => answer(Date.now() - start));
    let arrived = 0;
    setTimeout(async () => {
      arrived = await auth.socket.emitWithAck("file", new Blob(["hi"]));
    }, 1_000);
    await server.clock.advance(2_000);
    expect(Math.round(arrived / 1_000)).toBe(1);
  });
});
