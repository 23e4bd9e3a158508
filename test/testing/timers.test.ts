import { createTestServer } from "authsocket/testing";
import { Window } from "happy-dom";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

// What Vitest or Node alone has.
afterEach(() => {
  vi.useRealTimers();
});

/** How many timers keep the process alive. */
function timeouts(): number {
  return process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
}

describe("fake timers", () => {
  it.each<[string, Parameters<typeof vi.useFakeTimers>[0]]>([
    ["Date", { toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] }],
    ["setTimeout and clearTimeout", { toFake: ["setInterval", "clearInterval", "Date"] }],
  ])("that leave %s alone are told to include it: no token would expire", (real, options) => {
    vi.useFakeTimers(options);
    expect(() => createTestServer()).toThrow(
      `fake timers are on, but not for ${real}, so no token would expire`,
    );
  });

  it.each<[string, () => void]>([
    [
      "fake timers that leave intervals alone",
      () => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] }),
    ],
    ["a fake Date alone", () => vi.useFakeTimers({ toFake: ["Date"] })],
    ["a Date that was set", () => vi.setSystemTime(new Date("2026-01-01"))],
  ])("%s will do", async (_, fake) => {
    fake();
    const server = createTestServer();
    onTestFinished(() => server.close());
    const start = Date.now();
    server.socket();
    await server.settled();
    await server.clock.advance(3_600_000);
    expect(Date.now() - start).toBeGreaterThanOrEqual(3_600_000);
  });
});

it.each([
  ["another time", () => new Date("2026-01-01")],
  ["the time that it is", () => new Date()],
])("a Date that is set to %s after the server is told to come before", async (_, time) => {
  const server = createTestServer();
  onTestFinished(() => server.close());
  vi.setSystemTime(time());
  await expect(server.clock.advance(1)).rejects.toThrow("call vi.setSystemTime() before it");
});

it("a Date whose new Date() stands still after the server is told to come before", async () => {
  const server = createTestServer();
  onTestFinished(() => server.close());
  const own = Date;
  onTestFinished(() => void vi.stubGlobal("Date", own));
  vi.stubGlobal(
    "Date",
    class extends own {
      constructor(at: number | string = "2040-01-01") {
        super(at);
      }
    },
  );
  await expect(server.clock.advance(1)).rejects.toThrow("call vi.setSystemTime() before it");
});

it.each<[string, (date: DateConstructor) => DateConstructor]>([
  ["extends", (date) => class extends date {} as DateConstructor],
  ["calls", (date) => Object.assign(() => date(), { now: () => date.now() }) as unknown as DateConstructor],
])("a Date that %s the server's goes on with it", async (_, wrap) => {
  const server = createTestServer();
  onTestFinished(() => server.close());
  const own = Date;
  vi.stubGlobal("Date", wrap(own));
  const start = Date.now();
  await server.clock.advance(3_600_000);
  const passed = Date.now() - start;
  vi.stubGlobal("Date", own);
  expect(passed).toBeGreaterThanOrEqual(3_600_000);
  expect(passed).toBeLessThan(3_660_000);
});

describe("a timer of Node's", () => {
  it("that is refreshed begins anew, also when it has rung", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    let rung = 0;
    const timer = setTimeout(() => rung++, 1_000);
    await server.clock.advance(900);
    timer.refresh();
    await server.clock.advance(900);
    expect(rung).toBe(0);
    await server.clock.advance(100);
    expect(rung).toBe(1);
    timer.refresh();
    await server.clock.advance(2_000);
    expect(rung).toBe(2);
    clearTimeout(timer);
    timer.refresh();
    await server.clock.advance(2_000);
    expect(rung).toBe(2);
  });

  it("that begins anew in its own callback keeps the process alive only if it did before", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const timers = [0, 1].map(() => {
      const timer: NodeJS.Timeout = setTimeout(() => timer.refresh(), 1_000);
      onTestFinished(() => clearTimeout(timer));
      return timer;
    });
    timers[1]?.unref();
    await server.clock.advance(1_500);
    expect(timers.map((timer) => timer.hasRef())).toEqual([true, false]);
  });

  it("that is refreshed after a skip rings in real time too", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    let rung = () => {};
    const timer = setTimeout(() => rung(), 10);
    await server.clock.advance(1_000);
    const again = new Promise<void>((resolve) => {
      rung = resolve;
    });
    timer.refresh();
    await again;
  });

  it.each([
    ["before", false],
    ["after", true],
  ])("that has rung and is refreshed %s the server is closed rings once more", async (_, isClosed) => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    let rung = () => {};
    const timer = setTimeout(() => rung(), 10);
    await server.clock.advance(1_000);
    if (isClosed) await server.close();
    const again = new Promise<void>((resolve) => {
      rung = resolve;
    });
    timer.refresh();
    await server.close();
    await again;
  });

  it("that has rung rings no more by itself, nor keeps the process alive, when the server is closed", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const before = timeouts();
    let rung = 0;
    setTimeout(() => rung++, 10);
    await server.clock.advance(1_000);
    await server.close();
    expect(timeouts()).toBeLessThanOrEqual(before);
    await new Promise((resolve) => setTimeout(resolve, 10)); // it comes after the native one
    expect(rung).toBe(1);
  });

  it("that is refreshed keeps the process alive only if it did before", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const [held, free] = [setTimeout(() => {}, 1_000), setTimeout(() => {}, 1_000).unref()];
    const whileBoth = timeouts();
    free.refresh();
    expect(timeouts()).toBe(whileBoth);
    await server.clock.advance(500);
    expect(timeouts()).toBeLessThanOrEqual(whileBoth);
    await server.clock.advance(1_000);
    const whileNone = timeouts();
    free.refresh();
    expect(timeouts()).toBe(whileNone);
    held.refresh();
    expect(timeouts()).toBe(whileNone + 1);
    clearTimeout(held);
    expect(timeouts()).toBe(whileNone);
  });

  it("that is unref'd in its own callback stays so when it is refreshed", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const timer: NodeJS.Timeout = setTimeout(() => timer.unref(), 1_000);
    await server.clock.advance(1_000);
    expect(timer.refresh().hasRef()).toBe(false);
    clearTimeout(timer);
  });

  it("that is refreshed in its own callback rings again, and keeps the process alive until then", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const rung = vi.fn(() => void timer.refresh());
    const timer: NodeJS.Timeout = setTimeout(rung, 1_000);
    await server.clock.advance(1_000);
    expect(timer.hasRef()).toBe(true);
    await server.clock.advance(1_000);
    expect(rung).toHaveBeenCalledTimes(2);
    clearTimeout(timer);
  });

  it("that is closed does not ring", async () => {
    const server = createTestServer();
    onTestFinished(() => server.close());
    const rung: string[] = [];
    setTimeout(() => rung.push("timeout"), 1_000).close();
    setInterval(() => rung.push("interval"), 1_000).close();
    await server.clock.advance(2_000);
    expect(rung).toEqual([]);
  });
});

describe("a timer of happy-dom's", () => {
  function openPage(): Window {
    const page = new Window({ url: "https://app.test" });
    onTestFinished(() => {
      vi.unstubAllGlobals();
      return page.happyDOM.close();
    });
    for (const name of ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const) {
      vi.stubGlobal(name, page[name].bind(page));
    }
    return page;
  }

  it("without a delay rings once, beside others", async () => {
    const page = openPage();
    const server = createTestServer();
    onTestFinished(() => server.close());
    const rung: number[] = [];
    for (const number of [1, 2, 3]) setTimeout(() => rung.push(number), 0);
    await page.happyDOM.waitUntilComplete();
    await server.settled();
    expect(rung).toEqual([1, 2, 3]);
  });

  it("that has rung in advance() is not waited for by waitUntilComplete()", async () => {
    const page = openPage();
    const server = createTestServer();
    onTestFinished(() => server.close());
    const rung = vi.fn();
    setTimeout(rung, 3_600_000);
    await server.clock.advance(3_600_000);
    expect(rung).toHaveBeenCalledTimes(1);
    await page.happyDOM.waitUntilComplete();
  });
});
