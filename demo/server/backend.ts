import { createAdapter } from "@socket.io/redis-streams-adapter";
import type { ServerOptions } from "socket.io";
import { MemoryStore } from "./memory-store.ts";
import { createRedis, RedisStore } from "./redis-store.ts";
import type { Store } from "./store.ts";

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
 * @throws Error where Redis cannot be reached
 */
export async function openBackend(redisUrl: string | undefined): Promise<Backend> {
  if (redisUrl === undefined) return { store: new MemoryStore(), close: async () => {} };

  const redis = createRedis(redisUrl);
  await redis.connect();
  return {
    store: new RedisStore(redis),
    adapter: createAdapter(redis, { streamName: "authsocket-demo:socket.io", blockTimeInMs: BLOCK_TIME }),
    close: () => redis.close(),
  };
}
