import { AuthError } from "./auth-error.ts";

type Next = (error?: Error) => void;

export type Middleware<Socket> = (socket: Socket, next: Next) => unknown;

/**
 * A middleware that answers once, whatever it does (T16): to Socket.IO one that throws late is an unhandled rejection and a
 * client that waits for ever, and one that calls `next` twice lets a client in and refuses it. What is thrown is refused as
 * `unavailable`, unless it is an `AuthError`, and reported once as a warning of the process.
 *
 * @param namespace its name, for the warning
 */
export function answeringOnce<Socket>(middleware: Middleware<Socket>, namespace: string): Middleware<Socket> {
  let isReported = false;
  return (socket, next) => {
    let isAnswered = false;
    const answer: Next = (error) => {
      if (isAnswered) return;
      isAnswered = true;
      next(error);
    };
    // In an async function, so that one that throws at once rejects like one that throws late.
    void (async () => middleware(socket, answer))().catch((error: unknown) => {
      if (error instanceof AuthError) return answer(error);
      if (!isReported) {
        isReported = true;
        const { stack } = Object(error);
        process.emitWarning(
          `A middleware of the namespace "${namespace}" has thrown: the client is refused as unavailable`,
          { type: "AuthSocketWarning", detail: String(stack ?? error) },
        );
      }
      answer(new AuthError("unavailable", undefined, { cause: error }));
    });
  };
}
