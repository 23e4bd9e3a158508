import { freezeSafeTimeout } from "./freeze-safe-timeout.ts";
import type { Platform } from "./platform.ts";

/**
 * Calls a function of the app's and answers once, whatever it does: return, throw, reject or settle twice (B9). A function
 * that returns is answered before this one does.
 *
 * @param pending called where the answer is still to come
 * @returns its undo: no answer
 */
export function answerOnce<T>(
  run: () => T | PromiseLike<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
  pending?: () => void,
): () => void {
  let isOver = false;
  const settle = (outcome: () => void) => {
    if (isOver) return;
    isOver = true;
    outcome();
  };
  let result: T | PromiseLike<T>;
  try {
    result = run();
  } catch (error) {
    settle(() => failed(error));
    return () => {};
  }
  if (!isPromiseLike(result)) {
    const value = result;
    settle(() => done(value));
    return () => {};
  }
  pending?.();
  Promise.resolve(result).then(
    (value) => settle(() => done(value)),
    (error) => settle(() => failed(error)),
  );
  return () => settle(() => {});
}

/**
 * Subscribes to something of the app's, which may say later, or never, what ends it (B9).
 *
 * @returns a function that ends it, as soon as that is known and whatever it does
 */
export function subscribeTo(subscribe: () => unknown, failed: (error: unknown) => void): () => void {
  let isOver = false;
  let end = () => {};
  const unsubscribe = () => {
    if (isOver)
      answerOnce(
        end,
        () => {},
        () => {},
      );
  };
  answerOnce<unknown>(
    subscribe,
    (given) => {
      if (typeof given === "function") end = given as () => void;
      unsubscribe();
    },
    failed,
  );
  return () => {
    isOver = true;
    unsubscribe();
  };
}

/**
 * As `answerOnce`, also for a function that hangs.
 *
 * @returns its undo: no answer, and no timer
 * @param ms how long a promise may take before `late()` is the error
 */
export function withDeadline<T>(
  platform: Platform,
  ms: number,
  run: () => T | PromiseLike<T>,
  late: () => unknown,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): () => void {
  let stop = () => {};
  const undo = answerOnce(
    run,
    (value) => {
      stop();
      done(value);
    },
    (error) => {
      stop();
      failed(error);
    },
    () => {
      stop = freezeSafeTimeout(platform, ms, () => {
        undo();
        failed(late());
      });
    },
  );
  return () => {
    stop();
    undo();
  };
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
