import { createTestServer } from "authsocket/testing";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";

// What Vitest alone has.
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
