import type { AuthSession } from "authsocket";
import { sessionOf } from "../../src/client/auth-session.ts";

/** Keeps a session in demand, as a socket does that is not idle (B4). Returns its undo. */
export function holdToken(session: AuthSession): () => void {
  const client = { connectedWith: undefined, isInDemand: true, changed: () => {} };
  const inner = sessionOf(session);
  inner.join(client);
  inner.prepare();
  return () => inner.leave(client);
}
