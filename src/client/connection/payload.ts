import { AuthSocketError } from "../errors.ts";
import type { AuthSocketOptions } from "./options.ts";

/** The CONNECT payload, by the app's option or as `{ token }`; an error if the option threw or returned anything else. */
export function connectPayload(
  option: AuthSocketOptions["payload"] = defaultPayload,
  token: string | undefined,
): object | AuthSocketError {
  try {
    const payload = option(token);
    if (!isPlain(payload)) throw new TypeError(`"payload" must return a plain object`);
    if ("pid" in payload || "offset" in payload) {
      throw new TypeError(`"payload" must leave "pid" and "offset" to Socket.IO`);
    }
    return payload;
  } catch (cause) {
    return unsendable(cause);
  }
}

/** @param cause what the app's option has thrown, or Socket.IO, which could not encode what the option returned */
export function unsendable(cause: unknown): AuthSocketError {
  return new AuthSocketError(
    "forbidden",
    `"payload" threw, or did not return a plain object that can be sent, so the socket did not connect: see the cause`,
    { cause },
  );
}

function defaultPayload(token: string | undefined): object {
  return token === undefined ? {} : { token };
}

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
