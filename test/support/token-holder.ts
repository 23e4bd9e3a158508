import type { AuthSession } from "authsocket";
import type { SessionClient } from "../../src/client/session/clients.ts";
import type { Session } from "../../src/client/session/session.ts";

/** Keeps a session in demand, as a socket does that is not idle (B4). Returns its undo. */
export function holdToken(session: AuthSession): () => void {
  const nothing = () => {};
  const client: SessionClient = {
    connectedWith: undefined,
    demand: "token",
    drop: nothing,
    discard: nothing,
    follow: nothing,
    signedIn: nothing,
    wokeUp: nothing,
  };
  const inner = session["~session"] as Session;
  inner.join(client);
  inner.prepare();
  return () => inner.leave(client);
}
