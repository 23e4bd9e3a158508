import { createClient } from "redis";
import type { Change, Store } from "./store.ts";

const PREFIX = "authsocket-demo:";

/** Writes unless somebody else has written since: the value that was read is compared on the server. "" is none. */
const REPLACE = `
  if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
  if ARGV[3] == "" then redis.call("SET", KEYS[1], ARGV[2])
  elseif tonumber(ARGV[3]) > 0 then redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
  else redis.call("DEL", KEYS[1]) end
  return 1`;

export type Redis = ReturnType<typeof createRedis>;

/** A client that is not connected yet. It gives up where its first attempt fails; a lost connection it opens again. */
export function createRedis(url: string) {
  let connected = false;
  const redis = createClient({
    url,
    socket: { reconnectStrategy: (retries, cause) => (connected ? Math.min(retries * 50, 1_000) : cause) },
  });
  redis.on("ready", () => {
    connected = true;
  });
  // At first it is thrown by `connect()`.
  redis.on("error", (error: Error) => {
    if (connected) console.error(`Redis: ${error.message}`);
  });
  return redis;
}

/** The store that several nodes share. */
export class RedisStore implements Store {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return parse<Value>(await this.#redis.get(PREFIX + key));
  }

  async update<Value, Result>(
    key: string,
    change: (current: Value | undefined) => Change<Value, Result>,
  ): Promise<Result> {
    for (;;) {
      const current = await this.#redis.get(PREFIX + key);
      const { result, next } = change(parse<Value>(current));
      if (!next) return result;
      const { value, lifetime } = next;
      const replaced = await this.#redis.eval(REPLACE, {
        keys: [PREFIX + key],
        arguments: [
          current ?? "",
          JSON.stringify(value),
          lifetime === undefined ? "" : String(Math.ceil(lifetime)),
        ],
      });
      // Overtaken: what is there now is looked at again. Somebody got on, so this ends.
      if (replaced === 1) return result;
    }
  }

  async delete(key: string): Promise<void> {
    await this.#redis.del(PREFIX + key);
  }
}

function parse<Value>(text: string | null): Value | undefined {
  return text === null ? undefined : (JSON.parse(text) as Value);
}
