import { describe, expect, it } from "vitest";
import { withDeadline } from "../../src/client/platform/deadline.ts";
import { type Deferred, deferred } from "../support/deferred.ts";
import { ManualPlatform } from "../support/manual-platform.ts";

/** What a call of `run` with a deadline of a second is answered, in its order. */
function answersOf(run: () => unknown) {
  const platform = new ManualPlatform();
  const answers: unknown[] = [];
  withDeadline(
    platform,
    1_000,
    run,
    () => "late",
    (value) => answers.push(value),
    (error) => answers.push({ error }),
  );
  return { platform, answers };
}

describe("a call with a deadline", () => {
  it("B1 what returns is answered on the spot", () => {
    expect(answersOf(() => "value").answers).toEqual(["value"]);
  });

  it("B9 what throws has failed on the spot", () => {
    const run = () => {
      throw new Error("a fault");
    };
    expect(answersOf(run).answers).toEqual([{ error: new Error("a fault") }]);
  });

  it("B9 what hangs has failed when its time is over", async () => {
    const { platform, answers } = answersOf(() => new Promise(() => {}));
    await platform.advance(999);
    expect(answers).toEqual([]);
    await platform.advance(1);
    expect(answers).toEqual([{ error: "late" }]);
  });

  it.each([
    ["resolves", (settle: Deferred<unknown>) => settle.resolve("value"), "value"],
    ["rejects", (settle: Deferred<unknown>) => settle.reject("a fault"), { error: "a fault" }],
  ])("B9 what %s in time is answered once, and leaves no timer", async (_, settle, answer) => {
    const call = deferred<unknown>();
    const { platform, answers } = answersOf(() => call.promise);
    settle(call);
    await platform.advance(0);
    expect(answers).toEqual([answer]);
    expect(platform.pending.timers).toBe(0);
  });

  it("B9 what comes when the time is over is not answered again", async () => {
    const call = deferred<unknown>();
    const { platform, answers } = answersOf(() => call.promise);
    await platform.advance(1_000);
    call.resolve("value");
    await platform.advance(0);
    expect(answers).toEqual([{ error: "late" }]);
  });
});
