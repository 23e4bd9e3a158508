import { createAdapter } from "@socket.io/redis-streams-adapter";
import type { ServerOptions } from "socket.io";
import { MemoryStore } from "./memory-store.ts";
import { createRedis, type Redis, RedisStore } from "./redis-store.ts";
import { type Store, StoreError } from "./store.ts";

/** How long one look at the stream waits for news, in ms; a server that is closed waits for the last one. */
const BLOCK_TIME = 1_000;

/** What this server stands on: alone, its own memory; as one node of several, Redis. */
export interface Backend {
  store: Store;
  /** Joins the nodes' sockets to one server; none for a server that is alone. */
  adapter?: NonNullable<ServerOptions["adapter"]>;
  close(): Promise<void>;
}

/**
 * @param redisUrl undefined: alone
 * @throws StoreError where Redis cannot be reached
 */
export async function openBackend(redisUrl: string | undefined): Promise<Backend> {
  if (redisUrl === undefined) return { store: new MemoryStore(), close: async () => {} };

  const [forStore, forAdapter] = [
    createRedis(redisUrl, { waits: false }),
    createRedis(redisUrl, { waits: true }),
  ];
  try {
    await Promise.all([forStore.connect(), forAdapter.connect()]);
  } catch (cause) {
    throw new StoreError("Redis cannot be reached", { cause });
  }
  const adapter = createAdapter(unattended(forAdapter), {
    streamName: "authsocket-demo:socket.io",
    blockTimeInMs: BLOCK_TIME,
  });
  return {
    store: new RedisStore(forStore),
    adapter,
    async close() {
      await Promise.all([forStore.close(), forAdapter.close()]);
    },
  };
}

/**
 * The adapter does not wait for what it publishes and keeps. When Redis is gone these fail, and a failure that nobody
 * waits for ends the process.
 */
function unattended(redis: Redis): Redis {
  const { publish, set } = redis;
  return Object.assign(redis, {
    publish: (...args: Parameters<typeof publish>) => publish.apply(redis, args).catch(() => 0),
    set: (...args: Parameters<typeof set>) => set.apply(redis, args).catch(() => null),
  });
}
