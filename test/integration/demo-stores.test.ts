import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MemoryStore } from "../../demo/server/stores/memory-store.ts";
import { createRedis, type Redis, RedisStore } from "../../demo/server/stores/redis-store.ts";
import type { Store } from "../../demo/server/stores/store.ts";
import { RefreshFamilies } from "../../demo/server/tokens/refresh-families.ts";
import { type RedisServer, startRedisServer } from "../support/redis-server.ts";

let server: RedisServer;
const clients: Redis[] = [];

beforeAll(async () => {
  server = await startRedisServer();
  for (const waits of [true, false]) clients.push(createRedis(server.url, { waits }));
  await Promise.all(clients.map((client) => client.connect()));
}, 120_000);
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await server.stop();
});

/** Two views of one store, as two nodes have them. */
const stores: Record<string, () => [Store, Store]> = {
  memory: () => {
    const store = new MemoryStore();
    return [store, store];
  },
  Redis: () => {
    const [one, other] = clients.map((client) => new RedisStore(client));
    if (!one || !other) throw new Error("Redis is not there yet");
    return [one, other];
  },
};

describe.each(Object.keys(stores))("the store in %s", (name) => {
  const open = (): [Store, Store] => stores[name]?.() ?? [new MemoryStore(), new MemoryStore()];

  it("answers what was put there, to whoever asks, until it is deleted", async () => {
    const [one, other] = open();
    const value = { text: "ü☃", list: [1, null, { deep: true }] };
    expect(await one.get("absent")).toBeUndefined();
    await one.update("value", () => ({ result: undefined, next: { value } }));
    expect(await other.get("value")).toEqual(value);
    await other.delete("value");
    expect(await one.get("value")).toBeUndefined();
  });

  it("loses no change of many at once", async () => {
    const nodes = open();
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        (nodes[index % 2] ?? nodes[0]).update<number, number>("count", (n = 0) => ({
          result: n + 1,
          next: { value: n + 1 },
        })),
      ),
    );
    expect(results.sort((x, y) => x - y)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });

  it("leaves what is there where there is nothing next", async () => {
    const [one] = open();
    await one.update("kept", () => ({ result: undefined, next: { value: 1 } }));
    expect(await one.update<number, number | undefined>("kept", (result) => ({ result }))).toBe(1);
    expect(await one.get("kept")).toBe(1);
  });

  it("forgets a value when its time is over, and one whose time is over already", async () => {
    const [one] = open();
    await one.update("short", () => ({ result: undefined, next: { value: 1, lifetime: 30 } }));
    await expect.poll(() => one.get("short"), { interval: 10, timeout: 5_000 }).toBeUndefined();
    await one.update("over", () => ({ result: undefined, next: { value: 1, lifetime: -5 } }));
    expect(await one.get("over")).toBeUndefined();
  });

  it("lets one of many uses of a refresh token win, and ends the family by the others", async () => {
    const options = { key: Buffer.alloc(32, 1), lifetime: 60_000, grace: 0 };
    const nodes = open().map((store) => new RefreshFamilies(store, options));
    const { family, secret } = (await nodes[0]?.start("alice")) ?? {};
    const outcomes = await Promise.all(
      [...nodes, ...nodes].map(async (families) => (await families.rotate(secret)).outcome),
    );
    expect(outcomes.filter((outcome) => outcome === "rotated")).toHaveLength(1);
    expect(outcomes).toContain("reused");
    expect(family && (await nodes[1]?.isAlive(family))).toBe(false);
  });

  it("gives each of many uses within the grace window the same successor", async () => {
    const options = { key: Buffer.alloc(32, 1), lifetime: 60_000, grace: 10_000 };
    const nodes = open().map((store) => new RefreshFamilies(store, options));
    const { secret } = (await nodes[0]?.start("bob")) ?? {};
    const rotations = await Promise.all([...nodes, ...nodes].map((families) => families.rotate(secret)));
    expect(new Set(rotations.map((rotation) => rotation.outcome === "rotated" && rotation.secret)).size).toBe(
      1,
    );
    expect(rotations[0]?.outcome).toBe("rotated");
  });
});
