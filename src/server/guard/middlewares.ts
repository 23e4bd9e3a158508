import { AuthError } from "../auth-error.ts";
import { refusalOf } from "../verdict/library-verdicts.ts";

type Next = (error?: Error) => void;

export type Middleware<Socket> = (socket: Socket, next: Next) => unknown;

/**
 * Runs the app's middlewares, and answers once, whatever they do (T16): to Socket.IO one that throws late is an unhandled
 * rejection and a client that waits for ever, and one that calls `next` twice lets a client in and refuses it. What is
 * thrown is refused as `unavailable`, unless it is an `AuthError`.
 *
 * @param failed is told what was thrown
 * @returns why the client is refused, or undefined. Never settles where a middleware never answers.
 */
export async function runMiddlewares<Socket>(
  middlewares: readonly Middleware<Socket>[],
  socket: Socket,
  failed: (error: unknown) => void,
): Promise<Error | undefined> {
  for (const middleware of middlewares) {
    const error = await run(middleware, socket, failed);
    if (error) return error;
  }
  return undefined;
}

function run<Socket>(
  middleware: Middleware<Socket>,
  socket: Socket,
  failed: (error: unknown) => void,
): Promise<Error | undefined> {
  return new Promise((answer) => {
    // In an async function, so that one that throws at once rejects like one that throws late.
    void (async () => middleware(socket, (error) => answer(error || undefined)))().catch((error: unknown) => {
      const refusal = refusalOf(error);
      if (!refusal) failed(error);
      answer(refusal ?? new AuthError("unavailable", undefined, { cause: error }));
    });
  });
}
