/** Stands for an answer that has not come in time. */
export const LATE: unique symbol = Symbol("late");

/** Waits for an answer for so many ms. An answer that is not a promise needs no timer: most tokens are verified without I/O. */
export function within<Answer>(
  ms: number,
  answer: Answer | PromiseLike<Answer>,
): Answer | Promise<Answer | typeof LATE> {
  if (!isPromise(answer)) return answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(LATE), ms);
    void Promise.resolve(answer)
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}

function isPromise<Answer>(answer: Answer | PromiseLike<Answer>): answer is PromiseLike<Answer> {
  return typeof Object(answer).then === "function";
}
