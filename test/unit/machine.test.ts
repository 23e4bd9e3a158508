import { describe, expect, it } from "vitest";
import { Machine } from "../../src/client/machine.ts";

describe("a machine", () => {
  it("B11 an event sent while another is at work decides at once, and what follows from it waits", () => {
    const log: string[] = [];
    const machine: Machine<string, string, string> = new Machine(
      "",
      (state, event) => [state + event, `effect of ${event}`],
      {
        done: (effects, event) => {
          log.push(`${event}: ${effects}`);
          if (event === "a") {
            machine.send("b");
            machine.send("c");
          }
          log.push(`done with ${event} at ${machine.state}`);
        },
      },
    );
    machine.send("a");
    expect(log).toEqual([
      "a: effect of a",
      "done with a at abc",
      "b: effect of b",
      "done with b at abc",
      "c: effect of c",
      "done with c at abc",
    ]);
  });

  it("B11 an event that changes nothing is nothing done", () => {
    let done = 0;
    const machine = new Machine<string, string, string>("same", (state) => [state], {
      done: () => {
        done++;
      },
    });
    machine.send("a");
    expect(done).toBe(0);
  });

  it("B9 a failure in the midst of one event does not stop the machine, nor the events behind it", () => {
    const seen: string[] = [];
    const machine: Machine<number, string, never> = new Machine(0, (state) => [state + 1], {
      done: (_, event) => {
        seen.push(event);
        if (event !== "bad") return;
        machine.send("behind");
        throw new Error("a fault");
      },
    });
    expect(() => machine.send("bad")).toThrow("a fault");
    machine.send("good");
    expect(seen).toEqual(["bad", "behind", "good"]);
    expect(machine.state).toBe(3);
  });
});
