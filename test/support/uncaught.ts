/** An error that nobody catches, which would end the process; the last one of so many. */
export function uncaught(count = 1): Promise<Error> {
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  let heard = 0;
  return new Promise((resolve) => {
    process.on("uncaughtException", function hear(error) {
      if (++heard < count) return;
      process.off("uncaughtException", hear);
      for (const listener of listeners) process.on("uncaughtException", listener);
      resolve(error);
    });
  });
}
