import { AuthError, refusalOf } from "../auth-error.ts";

type Next = (error?: Error) => void;

export type Middleware<Socket> = (socket: Socket, next: Next) => unknown;

/**
 * Runs the app's middlewares, and answers exactly once, whatever they do (T16). In Socket.IO itself, a middleware that throws
 * late causes an unhandled rejection and a client that waits forever. One that calls `next` twice both admits and refuses the
 * client. Here an error refuses with `unavailable`, unless it is an `AuthError`.
 *
 * @param signal aborted once the client has been refused: no further middleware runs for a socket that never connects, and so
 * never disconnects
 * @param failed gets what was thrown
 * @returns why the client is refused, or undefined. It never settles if a middleware never answers.
 */
export async function runMiddlewares<Socket>(
  middlewares: readonly Middleware<Socket>[],
  socket: Socket,
  signal: AbortSignal,
  failed: (error: unknown) => void,
): Promise<Error | undefined> {
  for (const middleware of middlewares) {
    if (signal.aborted) break;
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
    // In an async function, so that an error that is thrown at once becomes a rejection too.
    void (async () => middleware(socket, (error) => answer(error || undefined)))().catch((error: unknown) => {
      const refusal = refusalOf(error);
      if (!refusal) failed(error);
      answer(refusal ?? new AuthError("unavailable", undefined, { cause: error }));
    });
  });
}
