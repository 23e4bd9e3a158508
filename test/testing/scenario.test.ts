import { expect, it, onTestFinished, vi } from "vitest";
import { memoryStage } from "./memory-stage.ts";
import { realStage } from "./real-stage.ts";
import { play } from "./scenario.ts";

it("the server in memory makes an app see what a real one does, in the same order", async () => {
  // Backoffs and renewals are spread at random.
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  // Both start at the same instant, and no real time passes: it would be told apart by the millisecond.
  const now = Date.UTC(2026, 0, 1);
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const fakeTimers = () =>
    vi.useFakeTimers({ now, toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date"] });
  fakeTimers();
  const real = await play(await realStage());
  vi.useRealTimers();
  fakeTimers();
  const inMemory = await play(memoryStage());
  expect(inMemory).toEqual(real);
  expect(inMemory.received).toEqual(['["hello"]', '["written offline"]', '["written in the tunnel"]']);
  expect(Object.values(real).flat().length).toBeGreaterThan(200);
}, 120_000);
