import type { AuthSocket } from "authsocket";
import type { ClientToServerEvents, Profile, ServerToClientEvents } from "../socket-events.ts";

/**
 * Asks the server for the user's profile at once and whenever the socket connects, because the user may have changed, and an answer may
 * have been lost with the connection. Shows each answer, and nothing while another user's is awaited.
 *
 * @returns a function that ends it
 */
export function followProfile(
  { session, socket }: AuthSocket<ServerToClientEvents, ClientToServerEvents>,
  show: (profile: Profile | undefined) => void,
): () => void {
  // An answer that was lost comes with the next connection.
  const ask = () => void socket.emitWithAck("whoami").then(show, () => {});
  let { subject } = session.state;
  const unsubscribe = session.subscribe((state) => {
    if (state.subject !== subject) show(undefined);
    subject = state.subject;
  });
  socket.on("connect", ask);
  if (socket.connected) ask();
  return () => {
    unsubscribe();
    socket.off("connect", ask);
  };
}
