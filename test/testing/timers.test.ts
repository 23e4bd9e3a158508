import { createTestServer } from "authsocket/testing";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

// What Vitest or Node alone has.
afterEach(() => {
  vi.useRealTimers();
});

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

it("a Date that is set after the server is told to come before", async () => {
  const server = createTestServer();
  onTestFinished(() => server.close());
  vi.setSystemTime(new Date("2026-01-01"));
  await expect(server.clock.advance(1)).rejects.toThrow("call vi.setSystemTime() before it");
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
