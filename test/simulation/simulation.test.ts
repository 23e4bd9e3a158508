import { describe, expect, it } from "vitest";
import { Choices } from "./choices.ts";
import { Scheduler } from "./scheduler.ts";
import { simulate } from "./simulation.ts";

describe("the simulation itself", () => {
  it.each([0, 1, 2])("B2 seed %i tells the same story twice", async (seed) => {
    const [once, again] = [await simulate(seed, undefined, true), await simulate(seed, undefined, true)];
    expect(once.lines.length).toBeGreaterThan(20);
    expect(again).toEqual(once);
  });

  it("a decision that is taken back changes no other", async () => {
    const strikes = (only?: ReadonlySet<string>) => {
      const choices = new Choices(7, only);
      for (let count = 0; count < 50; count++) {
        choices.strikes("here", 0.5);
        choices.strikes("there", 0.2);
      }
      return choices.made;
    };
    const [first, ...others] = strikes();
    expect(first).toBeDefined();
    expect(strikes(new Set(others))).toEqual(others);
  });

  it("T23 T24 what was held back from a frozen tab comes in its order, and before what follows", async () => {
    const scheduler = new Scheduler();
    const tab = { name: "tab", isFrozen: true, isGone: false, held: [] };
    const heard: string[] = [];
    const send = (text: string, delay: number) =>
      scheduler.schedule(delay, () => heard.push(text), tab, "storage");
    send("first", 1);
    send("second", 2);
    send("third", 50);
    await scheduler.step(10);
    expect(heard).toEqual([]);
    tab.isFrozen = false;
    scheduler.release(tab, () => 30);
    while (await scheduler.step(100));
    expect(heard).toEqual(["first", "second", "third"]);
  });
});
