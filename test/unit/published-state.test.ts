import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PublishedState } from "../../src/client/published-state.ts";

interface State {
  status: string;
  error?: unknown;
}

describe("a published state", () => {
  it("B11 stays the same object while nothing differs", () => {
    const first: State = { status: "idle" };
    const published = new PublishedState(first);
    const heard: State[] = [];
    published.subscribe((state) => heard.push(state));
    published.publish({ status: "idle" });
    expect(published.value).toBe(first);
    expect(heard).toEqual([]);
  });

  it("B11 is a new, frozen object for each change", () => {
    const published = new PublishedState<State>({ status: "idle" });
    const heard: State[] = [];
    published.subscribe((state) => heard.push(state));
    published.publish({ status: "connected" });
    published.publish({ status: "connected", error: undefined });
    expect(heard).toEqual([{ status: "connected" }, { status: "connected", error: undefined }]);
    expect(heard.every((state) => Object.isFrozen(state))).toBe(true);
    expect(published.value).toBe(heard[1]);
  });

  it("B11 what is subscribed or undone in a listener counts from the next change", () => {
    const published = new PublishedState<State>({ status: "a" });
    const heard: string[] = [];
    const undo = published.subscribe(() => {
      heard.push("first");
      undo();
      published.subscribe(() => heard.push("third"));
    });
    published.subscribe(() => heard.push("second"));
    published.publish({ status: "b" });
    expect(heard).toEqual(["first", "second"]);
    published.publish({ status: "c" });
    expect(heard).toEqual(["first", "second", "second", "third"]);
  });

  it("B11 changes exactly where some property does", async () => {
    const state = fc.dictionary(
      fc.constantFrom("a", "b", "c"),
      fc.constantFrom(0, -0, Number.NaN, undefined, "x"),
    );
    await fc.assert(
      fc.property(state, state, (before, after) => {
        const published = new PublishedState<object>(before);
        published.publish(after);
        const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
        const same = [...keys].every(
          (key) => key in before && key in after && Object.is(before[key], after[key]),
        );
        expect(published.value).toBe(same ? before : after);
      }),
    );
  });
});
