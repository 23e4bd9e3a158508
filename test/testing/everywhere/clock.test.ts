import { promisify } from "node:util";
import { memoryStore } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

const HOUR = 3_600_000;

const servers: TestServer[] = [];

function open(): TestServer {
  const server = createTestServer();
  servers.push(server);
  return server;
}

// A test that fails leaves nothing to the next.
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Whatever keeps a process alive: timers, handles, requests. */
function resources(): string[] {
  return process.getActiveResourcesInfo();
}

/** What is there and was not. The test runner's own may have gone. */
function left(before: string[]): string[] {
  const gone = [...before];
  return resources().filter((name) => {
    const index = gone.indexOf(name);
    if (index >= 0) gone.splice(index, 1);
    return index < 0 && name !== "Immediate";
  });
}

describe.each([
  ["its own timers", false],
  ["fake timers", true],
])("the clock, by %s", (_, isFake) => {
  beforeEach(() => {
    if (isFake) vi.useFakeTimers();
  });

  it("lets an hour with sixty expiries pass in less than a second, and leaves nothing", async () => {
    const world = { ...globalThis, Date, setTimeout, clearTimeout, setInterval, clearInterval };
    const before = resources();
    const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
    const server = open();
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: 60_000 })) });
    await server.settled();
    const states: string[] = [];
    auth.subscribe(({ status }) => states.push(status));
    // The processor's time: what else runs on this machine is no matter of the kit's. The first hour may be the one that
    // compiles the code.
    let fastest = Number.POSITIVE_INFINITY;
    for (let hour = 0; hour < 3 && fastest >= 1_000; hour++) {
      const start = Date.now();
      const usage = process.cpuUsage();
      await server.clock.advance(HOUR);
      const { user, system } = process.cpuUsage(usage);
      fastest = Math.min(fastest, (user + system) / 1_000);
      expect(Date.now() - start).toBeGreaterThanOrEqual(HOUR);
    }
    expect(fastest).toBeLessThan(1_000);
    expect(server.refresh.calls.length).toBeGreaterThanOrEqual(60);
    expect(states).toEqual([]);
    expect(auth.state.status).toBe("connected");
    await server.close();
    expect(left(before)).toEqual([]);
    expect(process.eventNames().map((name) => [name, process.listenerCount(name)])).toEqual(listeners);
    expect({ Date, setTimeout, clearTimeout, setInterval, clearInterval }).toEqual({
      Date: world.Date,
      setTimeout: world.setTimeout,
      clearTimeout: world.clearTimeout,
      setInterval: world.setInterval,
      clearInterval: world.clearInterval,
    });
    if (isFake) expect(vi.getTimerCount()).toBe(0);
  });

  it("leaves nothing of what was in the midst of something", async () => {
    const before = resources();
    const server = open();
    const connected = server.socket({ store: memoryStore(server.issue()) });
    await server.settled();
    const signedOut = server.socket();
    await server.settled();
    server.drop();
    server.refresh.hang();
    const waiting = server.socket({ store: memoryStore(server.issue({ lifetime: -1 })) });
    server.refresh.slow(5_000);
    await server.settled();
    server.offline();
    const lost = server.socket({ store: memoryStore(server.issue()) });
    await server.settled();
    expect([connected, signedOut, waiting, lost].map(({ state }) => state.status)).toEqual([
      "connecting",
      "signedOut",
      "connecting",
      "connecting",
    ]);
    await server.close();
    expect(left(before)).toEqual([]);
    if (isFake) expect(vi.getTimerCount()).toBe(0);
  });

  it("moves timers and Date together, in their order", async () => {
    const server = open();
    const start = Date.now();
    const rung: [string, number][] = [];
    const note = (name: string) => rung.push([name, Math.round((Date.now() - start) / HOUR)]);
    setTimeout(note, 3 * HOUR, "three");
    setTimeout(() => {
      note("one");
      setTimeout(note, 1.5 * HOUR, "one more");
    }, HOUR);
    const interval = setInterval(note, 2 * HOUR, "each two");
    const cleared = setTimeout(note, 2.5 * HOUR, "cleared");
    clearTimeout(cleared);
    await server.clock.advance(5 * HOUR);
    clearInterval(interval);
    expect(rung).toEqual([
      ["one", 1],
      ["each two", 2],
      ["one more", 3],
      ["three", 3],
      ["each two", 4],
    ]);
    expect(Math.round((new Date(Date.now()).getTime() - start) / HOUR)).toBe(5);
    expect(new Date().toISOString().slice(0, 16)).toBe(new Date(Date.now()).toISOString().slice(0, 16));
    expect(new Date(0).toISOString()).toBe("1970-01-01T00:00:00.000Z");
    expect(new Date()).toBeInstanceOf(Date);
    await server.clock.advance(10 * HOUR);
    expect(rung).toHaveLength(5);
    await server.close();
  });

  it("lets what a timer brings about be done before time goes on", async () => {
    const server = open();
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: 60_000 })) });
    await server.settled();
    const start = Date.now();
    const hours: number[] = [];
    server.on("tick", (answer: () => void) => answer());
    setTimeout(async () => {
      for (let count = 0; count < 10; count++) await auth.socket.emitWithAck("tick");
      hours.push(Math.round((Date.now() - start) / HOUR));
    }, HOUR);
    setTimeout(() => hours.push(Math.round((Date.now() - start) / HOUR)), 2 * HOUR);
    await server.clock.advance(3 * HOUR);
    expect(hours).toEqual([1, 2]);
    await server.close();
  });

  it("passes the months that no one timer can wait", async () => {
    const server = open();
    const tokens = server.issue({ lifetime: 60 * 24 * HOUR });
    const start = Date.now();
    await server.clock.advance(30 * 24 * HOUR);
    expect(Date.now() - start).toBeGreaterThanOrEqual(30 * 24 * HOUR);
    const auth = server.socket({ store: memoryStore(tokens) });
    await server.settled();
    expect(auth.state.status).toBe("connected");
    await server.close();
  });
});

describe("its own timers", () => {
  it("go on by themselves, so that what waits for them comes", async () => {
    const server = open();
    await server.clock.advance(10_000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
  });

  it("ring in time after a skip, by themselves too", async () => {
    const server = open();
    const rung = new Promise((resolve) => setTimeout(resolve, 60_000));
    await server.clock.advance(59_990);
    await rung;
    await server.close();
  });

  it("resolve what Node's promisify() makes of setTimeout", async () => {
    const server = open();
    let woken: unknown;
    void promisify(setTimeout)(HOUR, "good morning").then((word) => {
      woken = word;
    });
    await server.clock.advance(HOUR);
    expect(woken).toBe("good morning");
    await server.close();
  });

  it("are native ones to whoever clears them when the server is closed", async () => {
    const server = open();
    const timer = setTimeout(() => {}, 60_000);
    const before = resources();
    await server.close();
    clearTimeout(timer);
    expect(resources().length).toBeLessThan(before.length);
  });

  it("do not go on when the server is closed while the clock is advanced", async () => {
    const server = open();
    const { now } = Date;
    setTimeout(() => server.close(), 1_000);
    await server.clock.advance(HOUR);
    await server.close();
    expect(Math.abs(now() - Date.now())).toBeLessThan(60_000);
  });

  it("stand in until the last of several servers is closed", async () => {
    const native = setTimeout;
    const [first, second] = [open(), open()];
    await first.close();
    expect(setTimeout).not.toBe(native);
    await second.close();
    expect(setTimeout).toBe(native);
  });
});

describe("spies", () => {
  it("on Date.now() see the time of the server, and leave the native one as it was", async () => {
    const native = Date;
    const { now } = native;
    const start = Date.now();
    const server = open();
    await server.clock.advance(HOUR);
    const spy = vi.spyOn(Date, "now");
    expect(Date.now()).toBeGreaterThanOrEqual(start + HOUR);
    expect(spy).toHaveBeenCalled();
    spy.mockReturnValue(7);
    expect(Date.now()).toBe(7);
    spy.mockRestore();
    expect(Date.now()).toBeGreaterThanOrEqual(start + HOUR);
    await server.close();
    expect(Date).toBe(native);
    expect(native.now).toBe(now);
  });

  it.each([
    ["real", false],
    ["fake", true],
  ])("on %s timers are no fake timers of their own", async (_, isFake) => {
    if (isFake) vi.useFakeTimers();
    vi.spyOn(globalThis, "setTimeout");
    const server = open();
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: 60_000 })) });
    vi.spyOn(globalThis, "clearTimeout");
    await server.clock.advance(HOUR);
    expect(auth.state.status).toBe("connected");
    vi.restoreAllMocks();
    await server.close();
  });
});

describe("fake timers", () => {
  it("that come after the server are told to come before", async () => {
    const server = open();
    vi.useFakeTimers();
    await expect(server.clock.advance(1)).rejects.toThrow("call useFakeTimers() before it, or not at all");
    vi.useRealTimers();
    await server.close();
  });

  it("may begin at the epoch", async () => {
    vi.useFakeTimers({ now: 0 });
    // The client warns of the expiry that it has stored itself, and goes by the access token's.
    vi.spyOn(console, "warn").mockImplementation(() => {});
    const server = open();
    const auth = server.socket();
    await auth.session.signIn(server.login());
    await server.clock.advance(HOUR);
    expect(auth.state.status).toBe("connected");
    await auth.session.signIn(server.issue({ subject: "bob" }));
    await server.settled();
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["bob"]);
    await server.close();
  });

  it("may begin at the epoch for another tab too", async () => {
    vi.useFakeTimers({ now: 0 });
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    const server = open();
    const auth = server.socket();
    await server.otherTab.signIn({ subject: "bob" });
    await server.otherTab.renew();
    await server.clock.advance(1_000);
    expect(auth.session.state).toMatchObject({ status: "signedIn", subject: "bob" });
    expect(server.sockets.map(({ subject }) => subject)).toEqual(["bob"]);
    expect(warn).not.toHaveBeenCalled();
    await server.close();
  });

  it("that go before the server are told to go after", async () => {
    vi.useFakeTimers();
    const server = open();
    vi.useRealTimers();
    await expect(server.settled()).rejects.toThrow("call useRealTimers() after server.close()");
    await server.close();
  });

  it("moved by themselves move a server too", async () => {
    vi.useFakeTimers();
    const server = open();
    const auth = server.socket({ store: memoryStore(server.issue({ lifetime: 60_000 })) });
    await vi.advanceTimersByTimeAsync(10 * 60_000);
    expect(auth.state.status).toBe("connected");
    expect(server.refresh.calls.length).toBeGreaterThanOrEqual(10);
    expect(server.sockets).toHaveLength(1);
    await server.close();
    vi.useRealTimers();
  });
});
