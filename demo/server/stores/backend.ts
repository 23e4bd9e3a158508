import { createAdapter } from "@socket.io/redis-streams-adapter";
import type { ServerOptions } from "socket.io";
import { MemoryStore } from "./memory-store.ts";
import { createRedis, type Redis, RedisStore } from "./redis-store.ts";
import { type Store, StoreError } from "./store.ts";

/** How long one read of the stream waits for news, in ms. Closing the server waits for the last read. */
const BLOCK_TIME = 1_000;

/** Where a server keeps its state: in its own memory, or in the Redis that it shares with other nodes. */
export interface Backend {
  store: Store;
  /** Connects the nodes' Socket.IO servers to each other. A single server has none. */
  adapter?: NonNullable<ServerOptions["adapter"]>;
  close(): Promise<void>;
}

/**
 * @param redisUrl undefined for a single server
 * @throws {StoreError} when Redis cannot be reached
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
 * The adapter does not await what it publishes and stores. Without Redis these calls fail, and an unhandled rejection would
 * end the process.
 */
function unattended(redis: Redis): Redis {
  const { publish, set } = redis;
  return Object.assign(redis, {
    publish: (...args: Parameters<typeof publish>) => publish.apply(redis, args).catch(() => 0),
    set: (...args: Parameters<typeof set>) => set.apply(redis, args).catch(() => null),
  });
}
