import { createClient } from "redis";
import { type Change, type Store, StoreError } from "./store.ts";

const PREFIX = "authsocket-demo:";

/** Writes only if the value is still the one that was read; Redis compares them. "" stands for no value. */
const REPLACE = `
  if (redis.call("GET", KEYS[1]) or "") ~= ARGV[1] then return 0 end
  if ARGV[3] == "" then redis.call("SET", KEYS[1], ARGV[2])
  elseif tonumber(ARGV[3]) > 0 then redis.call("SET", KEYS[1], ARGV[2], "PX", ARGV[3])
  else redis.call("DEL", KEYS[1]) end
  return 1`;

/** How long a command waits for a connection, in ms. */
export const LONGEST_WAIT = 2_000;

export type Redis = ReturnType<typeof createRedis>;

/**
 * A client that is not connected yet. It gives up when its first attempt fails, and reopens a connection that was lost later.
 *
 * @param options.waits whether commands wait for a connection that is lost, or fail at once
 */
export function createRedis(url: string, options: { waits: boolean }) {
  let connected = false;
  const redis = createClient({
    url,
    disableOfflineQueue: !options.waits,
    commandOptions: { timeout: LONGEST_WAIT },
    socket: { reconnectStrategy: (retries, cause) => (connected ? Math.min(retries * 50, 1_000) : cause) },
  });
  redis.on("ready", () => {
    connected = true;
  });
  // Without a listener an error would end the process. Commands that fail report it.
  redis.on("error", () => {});
  return redis;
}

/** The store that several nodes share. */
export class RedisStore implements Store {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  async get<Value>(key: string): Promise<Value | undefined> {
    return parse<Value>(await reach(this.#redis.get(PREFIX + key)));
  }

  async update<Value, Result>(
    key: string,
    change: (current: Value | undefined) => Change<Value, Result>,
  ): Promise<Result> {
    for (;;) {
      const current = await reach(this.#redis.get(PREFIX + key));
      const { result, next } = change(parse<Value>(current));
      if (!next) return result;
      const { value, lifetime } = next;
      const expiry = lifetime === undefined ? "" : String(Math.ceil(lifetime));
      const replacement = [current ?? "", JSON.stringify(value), expiry];
      const replaced = await reach(
        this.#redis.eval(REPLACE, { keys: [PREFIX + key], arguments: replacement }),
      );
      // Another node wrote first: start again with its value. Each round, some node succeeds, so this ends.
      if (replaced === 1) return result;
    }
  }

  async delete(key: string): Promise<void> {
    await reach(this.#redis.del(PREFIX + key));
  }
}

function reach<Reply>(command: Promise<Reply>): Promise<Reply> {
  return command.catch((cause: unknown) => {
    throw new StoreError("Redis does not answer", { cause });
  });
}

function parse<Value>(text: string | null): Value | undefined {
  return text === null ? undefined : (JSON.parse(text) as Value);
}
