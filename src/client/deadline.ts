import { patience } from "./patience.ts";
import type { Platform } from "./platform/platform.ts";

/**
 * Calls a function of the app's and answers once, whatever it does: return, throw, reject, hang or settle twice (B9).
 * A function that returns is answered before this one does.
 *
 * @returns its undo: no answer, and no timer
 * @param ms how long a promise may take before `late()` is thrown in its place
 */
export function withDeadline<T>(
  platform: Platform,
  ms: number,
  run: () => T | PromiseLike<T>,
  late: () => unknown,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): () => void {
  let settle = (outcome: () => void) => {
    settle = () => {};
    giveUp();
    outcome();
  };
  let giveUp = () => {};
  const start = () => {
    try {
      const result = run();
      if (!isPromiseLike(result)) return () => done(result);
      giveUp = patience(platform, ms, () => settle(() => failed(late())));
      Promise.resolve(result).then(
        (value) => settle(() => done(value)),
        (error) => settle(() => failed(error)),
      );
      return undefined;
    } catch (error) {
      return () => failed(error);
    }
  };
  const outcome = start();
  if (outcome) settle(outcome);
  return () => settle(() => {});
}

/** Calls on with a value or, once it is there, with what a promise brings. */
export function andThen<T, R>(
  value: T | PromiseLike<T>,
  next: (value: T) => R | PromiseLike<R>,
): R | PromiseLike<R> {
  return isPromiseLike(value) ? Promise.resolve(value).then(next) : next(value);
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof Object(value).then === "function";
}
