import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, describe, expect, it, vi } from "vitest";

/** ms, of which a busy machine takes nothing to speak of. */
const HOUR = 3_600_000;

let server: TestServer;
const servers: TestServer[] = [];

function open(): TestServer {
  const opened = createTestServer();
  servers.push(opened);
  return opened;
}

afterEach(async () => {
  for (const opened of servers.splice(0)) await opened.close();
  vi.useRealTimers();
});

/** A real one, also with fake timers. Jest's jsdom has no setImmediate. */
const realTask = globalThis.setImmediate ?? setTimeout;
const task = () => new Promise<void>((resolve) => void realTask(resolve));

/** Jest's Node has no File. */
const files = typeof File === "function" ? [new File(["!"], "mark.txt")] : [];

describe.each([
  ["its own timers", false],
  ["fake timers", true],
])("binary data, by %s", (_, isFake) => {
  it("of every kind arrives as bytes, and does not stop what is behind it", async () => {
    if (isFake) vi.useFakeTimers();
    server = open();
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
    server = open();
    const auth = server.socket();
    await auth.session.signIn(server.issue());
    const start = Date.now();
    server.on("file", (_bytes: unknown, answer: (at: number) => void) => answer(Date.now() - start));
    let arrived = 0;
    setTimeout(async () => {
      arrived = await auth.socket.emitWithAck("file", new Blob(["hi"]));
    }, HOUR);
    await server.clock.advance(2 * HOUR);
    expect(Math.round(arrived / HOUR)).toBe(1);
  });

  it("that several servers are sent at once arrives at each", async () => {
    if (isFake) vi.useFakeTimers();
    const lines = [open(), open()].map((each) => ({ each, auth: each.socket() }));
    for (const { each, auth } of lines) await auth.session.signIn(each.issue());
    await task();
    // The second one comes at each stage of what the first one's takes.
    for (let stage = 0; stage < 4; stage++) {
      const arrivals: Promise<unknown>[] = [];
      for (const { each, auth } of lines) {
        arrivals.push(new Promise((resolve) => each.on(`file ${stage}`, resolve)));
        auth.socket.emit(`file ${stage}`, new Blob(["hi"]));
        for (let count = 0; count < stage; count++) await task();
      }
      await Promise.all(arrivals);
    }
  });
});

it("fake timers that end while binary data is on its way do not come back", async () => {
  const { setImmediate } = globalThis;
  for (let stage = 0; stage < 4; stage++) {
    vi.useFakeTimers();
    server = open();
    const auth = server.socket();
    await auth.session.signIn(server.issue());
    await server.settled();
    const arrived = new Promise((resolve) => server.on("file", resolve));
    auth.socket.emit("file", new Blob(["hi"]));
    for (let count = 0; count < stage; count++) await task();
    vi.useRealTimers();
    await arrived;
    await server.close();
    expect(globalThis.setImmediate).toBe(setImmediate);
  }
});

// Jest's jsdom has none.
if (typeof setImmediate === "function") {
  it("setImmediate() passes on its arguments while binary data is on its way", async () => {
    vi.useFakeTimers();
    server = open();
    const auth = server.socket();
    await auth.session.signIn(server.issue());
    await server.settled();
    auth.socket.emit("file", new Blob(["hi"]));
    const given: unknown[][] = [];
    for (let stage = 0; stage < 4; stage++) {
      setImmediate((...args: unknown[]) => given.push(args), "stage", stage);
      await task();
    }
    await server.settled();
    expect(given).toHaveLength(4);
    expect(given).toEqual(expect.arrayContaining([0, 1, 2, 3].map((stage) => ["stage", stage])));
  });
}
