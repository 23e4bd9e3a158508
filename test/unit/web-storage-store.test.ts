import { webStorageStore } from "authsocket";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { MapStorage } from "../support/map-storage.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const TOKENS = { accessToken: "an.access.token", refreshToken: "r", subject: "alice", expiresAt: 1_000 };

function newStore(key?: string) {
  const storage = new MapStorage();
  return { storage, store: webStorageStore(key, storage) };
}

describe("webStorageStore", () => {
  it("B8 keeps the raw token under the key, as tutorials do, and all that is known", () => {
    const { store, storage } = newStore("jwt");
    store.save(TOKENS);
    expect(storage.getItem("jwt")).toBe("an.access.token");
    expect(storage.length).toBe(2);
    expect(store.load()).toEqual(TOKENS);
  });

  it("B8 keeps under authToken by default", () => {
    const { store, storage } = newStore();
    store.save({ accessToken: "a" });
    expect(storage.getItem("authToken")).toBe("a");
  });

  it("B8 reads a raw token that other code has written", () => {
    const { store, storage } = newStore();
    storage.setItem("authToken", "theirs");
    expect(store.load()).toEqual({ accessToken: "theirs" });
  });

  it("S5 does not take what is known of one token for another", () => {
    const { store, storage } = newStore();
    store.save(TOKENS);
    storage.setItem("authToken", "theirs");
    expect(store.load()).toEqual({ accessToken: "theirs" });
  });

  it("S1 keeps no second copy of the access token", () => {
    const { store, storage } = newStore();
    const accessToken = timedToken(0);
    store.save({ ...TOKENS, accessToken });
    expect(storage.getItem("authToken:meta")).not.toContain(accessToken);
  });

  it("B9 whoever reads while a save is half-done gets one token set or the other", () => {
    const storage = new MapStorage();
    const store = webStorageStore("authToken", storage);
    const before = { accessToken: "old", refreshToken: "old r", expiresAt: 1 };
    const after = { accessToken: "new", refreshToken: "new r", expiresAt: 2 };
    store.save(before);
    const seen: unknown[] = [];
    const write = storage.setItem.bind(storage);
    storage.setItem = (key, value) => {
      write(key, value);
      seen.push(store.load());
    };
    store.save(after);
    // Between the writes the old token may stand without what was known of it, never with what is known of the new.
    expect(seen).toEqual([{ accessToken: "old" }, after]);
  });

  it.each([[{ accessToken: "old", refreshToken: "old r", expiresAt: 1 }], [null]])(
    "B9 a save that fails in the midst leaves what was there, and all that is known of it: %o",
    (before) => {
      const storage = new MapStorage();
      const store = webStorageStore("authToken", storage);
      if (before) store.save(before);
      const write = storage.setItem.bind(storage);
      storage.setItem = (key, value) => {
        if (key === "authToken") throw new Error("QuotaExceededError");
        write(key, value);
      };
      expect(() => store.save({ accessToken: "new", expiresAt: 2 })).toThrow("QuotaExceededError");
      expect(store.load()).toEqual(before);
      expect(storage.getItem("authToken:meta") === null).toBe(before === null);
    },
  );

  it("B10 remembers a sign-out, and forgets it with the next save or clear", () => {
    const { store, storage } = newStore();
    expect(store.signedOut?.()).toBe(false);
    store.save(TOKENS);
    store.clear(true);
    expect(store.load()).toBeNull();
    expect(webStorageStore("authToken", storage).signedOut?.()).toBe(true);
    store.save(TOKENS);
    expect(store.signedOut?.()).toBe(false);
    store.clear(true);
    store.clear();
    expect(store.signedOut?.()).toBe(false);
    expect(storage.length).toBe(0);
  });

  it("S5 whatever lies under the meta key, the token is read and nothing throws", async () => {
    await fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (meta) => {
        const { store, storage } = newStore();
        storage.setItem("authToken", "token");
        storage.setItem("authToken:meta", meta);
        expect(store.load()).toMatchObject({ accessToken: "token" });
        expect(typeof store.signedOut?.()).toBe("boolean");
      }),
      { examples: [["null"], ["{"], ["[]"], ["42"], ['{"of":null}'], ['{"__proto__":{}}']] },
    );
  });

  it("B20 touches no storage before its first use", () => {
    const get = vi.fn(() => new MapStorage());
    const before = Object.getOwnPropertyDescriptor(globalThis, "localStorage");
    Object.defineProperty(globalThis, "localStorage", { configurable: true, get });
    onTestFinished(() => {
      Reflect.deleteProperty(globalThis, "localStorage");
      if (before) Object.defineProperty(globalThis, "localStorage", before);
    });
    const store = webStorageStore();
    expect(get).not.toHaveBeenCalled();
    expect(store.load()).toBeNull();
    expect(get).toHaveBeenCalled();
  });

  it("B10 tells of changes that other tabs make to its keys, until undone", () => {
    const page = new EventTarget();
    vi.stubGlobal("window", page);
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const change = (key: string | null) => page.dispatchEvent(Object.assign(new Event("storage"), { key }));
    const { store } = newStore("jwt");
    const listener = vi.fn();
    const undo = store.subscribe?.(listener);
    for (const key of ["jwt", "jwt:meta", null]) change(key);
    expect(listener).toHaveBeenCalledTimes(3);
    for (const key of ["jwt2", "authToken", ""]) change(key);
    expect(listener).toHaveBeenCalledTimes(3);
    undo?.();
    change("jwt");
    expect(listener).toHaveBeenCalledTimes(3);
  });

  it("B20 subscribing works where there is no page", () => {
    const { store } = newStore();
    expect(() => store.subscribe?.(() => {})()).not.toThrow();
  });
});
