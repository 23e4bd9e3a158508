import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import type { TicksAnswer } from "../../demo/socket-events.ts";
import { consecutive, event, recordTicks, useDemoServer } from "../support/demo-browser.ts";

const { signedIn, serve } = useDemoServer();

describe("ticks", () => {
  it("are numbered from 1 for each user, from the sign-in on", async () => {
    const server = await serve({});
    for (const username of ["alice", "bob"]) {
      const { browser, token } = await signedIn(username, server);
      const socket = await browser.connect(token);
      const { ticks, reached } = recordTicks(socket);
      expect(await socket.emitWithAck("ticks", 0)).toEqual({ from: 1 });
      await reached(5);
      expect(ticks.slice(0, 5)).toEqual([1, 2, 3, 4, 5]);
    }
  });

  it("start with the next one for a client that has none", async () => {
    const { browser, token } = await signedIn();
    const first = await browser.connect(token);
    const { reached } = recordTicks(first);
    await first.emitWithAck("ticks", 0);
    await reached(3);
    const second = await browser.connect(token);
    const late = recordTicks(second);
    const { from } = await second.emitWithAck("ticks", null);
    expect(from).toBeGreaterThan(3);
    await late.reached(from + 2);
    expect(late.ticks.slice(0, 3)).toEqual([from, from + 1, from + 2]);
  });

  it.each<[string, unknown]>([
    ["a number that has not been reached", 1e9],
    ["a negative number", -1],
    ["something that is not a number", { n: 1 }],
  ])("start with the next one after %s", async (_, after) => {
    const { browser, token } = await signedIn();
    const socket = await browser.connect(token);
    const { ticks, reached } = recordTicks(socket);
    const { from } = (await (socket as Socket).emitWithAck("ticks", after)) as TicksAnswer;
    await reached(from);
    expect(ticks[0]).toBe(from);
  });

  it("arrive once each across drops of every kind", async () => {
    const { browser, token } = await signedIn("bob");
    let current = token;
    const socket = browser.open(() => current);
    const { ticks, reached } = recordTicks(socket);
    socket.on("connect", () => socket.emit("ticks", ticks.at(-1) ?? null, () => {}));
    socket.on("disconnect", (reason) => {
      if (reason === "io server disconnect") socket.connect();
    });
    socket.connect();
    await event(socket, "tick");
    const first = ticks[0] ?? 0;
    for (const fault of ["cut", "kick", "cut", "kick"]) {
      const back = event(socket, "connect");
      current = await browser.freshToken();
      await browser.post(`/api/faults/${fault}`);
      await back;
      await reached((ticks.at(-1) ?? 0) + 3);
    }
    expect(ticks).toEqual(consecutive(first, first + ticks.length - 1));
  });

  it("are kept for the last 300", async () => {
    const server = await serve({ tickInterval: 1 });
    const { browser, token } = await signedIn("alice", server);
    const witness = await browser.connect(token);
    const { reached } = recordTicks(witness);
    await witness.emitWithAck("ticks", null);
    await reached(320);
    const socket = await browser.connect(token);
    const { ticks, reached: caughtUp } = recordTicks(socket);
    // Counted inside the acknowledgement: a moment later the next tick is there.
    const { from, replayed } = await new Promise<TicksAnswer & { replayed: number }>((resolve) => {
      socket.emit("ticks", 1, (answer) => resolve({ ...answer, replayed: ticks.length }));
    });
    expect(replayed).toBe(300);
    expect(from).toBeGreaterThan(2);
    await caughtUp(from + 310);
    expect(ticks.slice(0, 311)).toEqual(consecutive(from, from + 310));
  });

  it("stop when the user's last refresh session ends, and go on with the next number at the next sign-in", async () => {
    const server = await serve({});
    const alice = await signedIn("alice", server);
    const bob = await signedIn("bob", server);
    const socket = await alice.browser.connect(alice.token);
    const clock = await bob.browser.connect(bob.token);
    const ofAlice = recordTicks(socket);
    const ofBob = recordTicks(clock);
    await socket.emitWithAck("ticks", 0);
    await clock.emitWithAck("ticks", 0);
    await ofAlice.reached(3);
    await alice.browser.post("/api/logout");
    const { from } = await socket.emitWithAck("ticks", null);
    await ofBob.reached((ofBob.ticks.at(-1) ?? 0) + 5);
    expect(ofAlice.ticks.at(-1)).toBe(from - 1);
    await signedIn("alice", server);
    await ofAlice.reached(from);
    // On a busy machine, more have come by now.
    expect(ofAlice.ticks.slice(0, from)).toEqual(consecutive(1, from));
  });
});
