import type { Platform } from "./platform/platform.ts";

/**
 * Calls a function of the app's and answers once, whatever it does: return, throw, reject, hang or settle twice (B9).
 * A function that returns is answered before this one does.
 *
 * @param ms how long a promise may take before `late()` is thrown in its place
 */
export function withDeadline<T>(
  platform: Platform,
  ms: number,
  run: () => T | PromiseLike<T>,
  late: () => unknown,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let result: T | PromiseLike<T>;
  try {
    result = run();
  } catch (error) {
    failed(error);
    return;
  }
  if (!isPromiseLike(result)) {
    done(result);
    return;
  }
  const timer = platform.setTimeout(() => settle(() => failed(late())), ms);
  let settle = (outcome: () => void) => {
    settle = () => {};
    platform.clearTimeout(timer);
    outcome();
  };
  result.then(
    (value) => settle(() => done(value)),
    (error) => settle(() => failed(error)),
  );
}

export function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof Object(value).then === "function";
}
