import { memoryStore } from "authsocket";
import { describe, expect, it } from "vitest";

describe("memoryStore", () => {
  it("B8 holds what it is given, and what it is told to save", () => {
    expect(memoryStore().load()).toBeNull();
    const store = memoryStore({ accessToken: "first" });
    expect(store.load()).toEqual({ accessToken: "first" });
    store.save({ accessToken: "second", refreshToken: "r" });
    expect(store.load()).toEqual({ accessToken: "second", refreshToken: "r" });
  });

  it("B10 remembers a sign-out until the next save or clear", () => {
    const store = memoryStore({ accessToken: "token" });
    store.clear(true);
    expect([store.load(), store.signedOut?.()]).toEqual([null, true]);
    store.save({ accessToken: "token" });
    expect(store.signedOut?.()).toBe(false);
    store.clear(true);
    store.clear();
    expect(store.signedOut?.()).toBe(false);
  });
});
