import { beforeEach, describe, expect, it } from "vitest";
import { AuthSocketError } from "../../src/client/errors.ts";
import { Reactions } from "../../src/client/reactions.ts";
import { type Waiter, Waiters } from "../../src/client/session/waiters.ts";

const ended = new AuthSocketError("signed_out");

describe("the calls that wait for a session", () => {
  let reactions: Reactions;
  let waiters: Waiters;
  let changes: number;
  let settled: string[];

  beforeEach(() => {
    changes = 0;
    settled = [];
    reactions = new Reactions((error) => settled.push(`thrown ${error}`));
    waiters = new Waiters(reactions, () => changes++);
  });

  /** A call that writes down how it ends. */
  function add(name: string, wants: Waiter["wants"] = "token", signal?: AbortSignal, user = 1): void {
    waiters.add(
      { wants, user },
      (token) => settled.push(`${name} has ${token}`),
      (error) => settled.push(`${name} rejects with ${error}`),
      signal,
    );
  }

  it("B9 settle by what each is answered, once", () => {
    add("one");
    add("two");
    expect(waiters.isEmpty).toBe(false);
    waiters.answer(() => "a");
    waiters.answer(() => "b");
    reactions.run();
    expect(settled).toEqual(["one has a", "two has a"]);
    expect(waiters.isEmpty).toBe(true);
    expect(changes).toBe(2);
  });

  it("B9 reject with an error", () => {
    add("one");
    waiters.answer(() => ended);
    reactions.run();
    expect(settled).toEqual([`one rejects with ${ended}`]);
  });

  it("B16 are answered by whom they were asked for, and go on waiting without an answer", () => {
    add("alice", "token", undefined, 1);
    add("bob", "token", undefined, 2);
    waiters.answer(({ user }) => (user === 2 ? "b" : undefined));
    reactions.run();
    expect(settled).toEqual(["bob has b"]);
    expect(waiters.isEmpty).toBe(false);
    waiters.answer(() => "a");
    reactions.run();
    expect(settled).toEqual(["bob has b", "alice has a"]);
  });

  it("B11 are told behind the listeners that wait already", () => {
    add("one");
    reactions.tell(() => settled.push("a listener"));
    waiters.answer(() => "a");
    reactions.react(() => settled.push("a socket"));
    expect(settled).toEqual([]);
    reactions.run();
    expect(settled).toEqual(["a socket", "a listener", "one has a"]);
  });

  it("B27 want a fresh token where one of them does", () => {
    expect(waiters.wantFresh).toBe(false);
    add("one", "token");
    add("two", "ready");
    expect(waiters.wantFresh).toBe(false);
    add("three", "fresh");
    expect(waiters.wantFresh).toBe(true);
    waiters.answer(({ wants }) => (wants === "fresh" ? "a" : undefined));
    expect(waiters.wantFresh).toBe(false);
  });

  it("B9 which are aborted reject with the reason, wait no longer, and have no other answer", () => {
    const abort = new AbortController();
    add("one", "fresh", abort.signal);
    add("two");
    abort.abort("enough");
    expect(settled).toEqual(["one rejects with enough"]);
    expect(changes).toBe(1);
    expect(waiters.wantFresh).toBe(false);
    waiters.answer(() => "a");
    reactions.run();
    expect(settled).toEqual(["one rejects with enough", "two has a"]);
  });

  it("B9 which were answered are not aborted any more", () => {
    const abort = new AbortController();
    add("one", "token", abort.signal);
    waiters.answer(() => "a");
    reactions.run();
    abort.abort("enough");
    expect(settled).toEqual(["one has a"]);
    expect(changes).toBe(1);
  });
});
