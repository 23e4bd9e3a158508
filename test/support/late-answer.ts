import type { AuthSocket } from "authsocket";
import type { AuthServer } from "./auth-server.ts";

/** Has the server ask a connected client, whose app keeps the answer for later. Resolves with what gives it. */
export function lateAnswer(
  server: AuthServer,
  { socket }: AuthSocket,
  namespace = "/",
): Promise<(text: string) => void> {
  const asked = new Promise<(text: string) => void>((resolve) => {
    socket.once("question", (answer: (text: string) => void) => resolve(answer));
  });
  // Whether the server ever hears it is the test's matter.
  for (const each of server.sockets(namespace))
    each
      .timeout(60_000)
      .emitWithAck("question")
      .catch(() => {});
  return asked;
}
