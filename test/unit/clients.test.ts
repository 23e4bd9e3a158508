import { beforeEach, describe, expect, it } from "vitest";
import { Reactions } from "../../src/client/reactions.ts";
import { Clients, type Demand, type SessionClient } from "../../src/client/session/clients.ts";
import { ManualPlatform } from "../support/manual-platform.ts";

describe("the connections of a session", () => {
  let platform: ManualPlatform;
  let reactions: Reactions;
  let clients: Clients;
  let log: string[];

  beforeEach(() => {
    platform = new ManualPlatform();
    log = [];
    reactions = new Reactions((error) => log.push(`thrown ${error}`));
    clients = new Clients({
      platform,
      reactions,
      rang: () => log.push("the timer rings"),
      wokeUp: (isOnline) => log.push(`the page wakes up, online: ${isOnline}`),
    });
  });

  /** A connection that writes down what it is told. */
  function join(name: string, demand: Demand = "nothing", connectedWith?: string): SessionClient {
    const client: SessionClient = {
      connectedWith,
      demand,
      drop: (wasSignedIn) => log.push(`${name} drops, signed in: ${wasSignedIn}`),
      discard: () => log.push(`${name} discards`),
      follow: () => log.push(`${name} follows`),
      signedIn: () => log.push(`${name} is signed in`),
      wokeUp: () => log.push(`${name} wakes up`),
    };
    clients.join(client);
    return client;
  }

  it.each<[Demand[], boolean]>([
    [["nothing", "token"], true],
    [["nothing", "wakeUp"], false],
    [[], false],
  ])("B4 need a token where one of %j does: %s", (demands, need) => {
    for (const demand of demands) join("one", demand);
    expect(clients.needToken).toBe(need);
  });

  it("B7 tell whether a server takes a token", () => {
    join("one");
    join("two", "nothing", "a");
    expect([clients.isServing("a"), clients.isServing("b")]).toEqual([true, false]);
  });

  it("B16 drop at once, while what they do about it waits for its turn", () => {
    join("one");
    join("two");
    clients.react((client) => client.follow());
    clients.drop(true);
    clients.discard();
    expect(log).toEqual([
      "one drops, signed in: true",
      "two drops, signed in: true",
      "one discards",
      "two discards",
    ]);
    log = [];
    reactions.run();
    expect(log).toEqual(["one follows", "two follows"]);
  });

  it("B11 hear news at once", () => {
    join("one");
    clients.tell((client) => client.wokeUp());
    expect(log).toEqual(["one wakes up"]);
  });

  it("B11 which have left hear nothing", () => {
    const one = join("one");
    join("two");
    clients.leave(one);
    clients.tell((client) => client.signedIn());
    expect(log).toEqual(["two is signed in"]);
  });

  it("B4 have the session looked at when it is due, where a token is wanted", async () => {
    clients.watch(true, platform.now() + 100);
    await platform.advance(99);
    expect(log).toEqual([]);
    await platform.advance(1);
    expect(log).toEqual(["the timer rings"]);
  });

  it.each([
    ["no token is wanted", false, 100],
    ["nothing is due", true, undefined],
  ])("B4 set no timer where %s", async (_, isWanted, after) => {
    clients.watch(true, platform.now() + 50);
    clients.watch(isWanted, after === undefined ? undefined : platform.now() + after);
    expect(platform.pending.timers).toBe(0);
    await platform.advance(200);
    expect(log).toEqual([]);
  });

  it.each<[string, boolean, Demand, number]>([
    ["a token is wanted", true, "nothing", 1],
    ["one of them waits for it", false, "wakeUp", 1],
    ["nobody does", false, "nothing", 0],
    ["one needs a token that is not wanted", false, "token", 0],
  ])("B4 listen to the page where %s", async (_, isWanted, demand, listeners) => {
    join("one", demand);
    clients.watch(isWanted, undefined);
    clients.watch(isWanted, undefined);
    expect(platform.pending.listeners).toBe(listeners);
    await platform.wake(true);
    expect(log).toEqual(listeners ? ["the page wakes up, online: true"] : []);
  });

  it("B4 listen no longer than they need to, and again when they do", () => {
    for (const isWanted of [true, false, false, true, false]) {
      clients.watch(isWanted, undefined);
      expect(platform.pending.listeners).toBe(isWanted ? 1 : 0);
    }
  });

  it("B20 are told of the end, where they are not open, and hear nothing more", () => {
    join("one");
    join("two", "nothing", "a");
    clients.dismiss();
    reactions.run();
    expect(log).toEqual(["one follows"]);
    clients.drop(true);
    expect(log).toEqual(["one follows"]);
  });
});
