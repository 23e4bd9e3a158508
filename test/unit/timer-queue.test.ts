import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TimerQueue } from "../../src/testing/time/timer-queue.ts";

describe("the queue of timers", () => {
  it("gives the earliest first, those of one instant in the order of adding, and none that was deleted", () => {
    const timers = fc.array(fc.record({ at: fc.nat(9), isDeleted: fc.boolean() }));
    fc.assert(
      fc.property(timers, fc.nat(9), (all, until) => {
        const queue = new TimerQueue<(typeof all)[number]>();
        for (const timer of all) queue.add(timer);
        for (const timer of all) if (timer.isDeleted) queue.delete(timer);
        const left = all.filter(({ isDeleted }) => !isDeleted).sort((a, b) => a.at - b.at);
        const due = left.filter(({ at }) => at <= until);
        const taken = [];
        for (let timer = queue.take(until); timer; timer = queue.take(until)) taken.push(timer);
        expect(taken).toEqual(due);
        expect(taken.every((timer, index) => timer === due[index])).toBe(true);
        expect(queue.next).toBe(left[due.length]);
        expect(queue.size).toBe(left.length - due.length);
      }),
    );
  });

  it("gives those that are meant, and keeps the others in their order", () => {
    const timers = [3, 1, 2, 1, 3].map((at, name) => ({ at, name }));
    const queue = new TimerQueue<{ at: number; name: number }>();
    for (const timer of timers) queue.add(timer);
    const names = (those: typeof timers) => those.map(({ name }) => name);
    expect(names(queue.takeAll(({ name }) => name % 2 === 0))).toEqual([2, 0, 4]);
    expect(names(queue.takeAll())).toEqual([1, 3]);
    expect(queue.size).toBe(0);
  });
});
