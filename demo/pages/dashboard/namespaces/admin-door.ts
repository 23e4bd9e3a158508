import type { SessionState } from "authsocket";
import type { AdminSocket, DemoSocket } from "../server/demo-socket.ts";
import { roleOf } from "../state/user.ts";

/** The way into "/admin". */
export interface AdminDoor {
  /** Tries to get in, whoever is signed in: it is the server that decides. */
  enter(): void;
}

/**
 * Opens the administrators' namespace for those whose token says that they are one, and closes it behind them. The
 * AuthSocket is made when somebody first wants in, and `made` is told.
 */
export function createAdminDoor(auth: DemoSocket, made: (admin: AdminSocket) => void): AdminDoor {
  let admin: AdminSocket | undefined;
  let isAdmin = false;
  const enter = () => {
    if (admin) {
      admin.connect();
      return;
    }
    admin = auth.of("/admin");
    made(admin);
  };
  const follow = (state: SessionState) => {
    const before = isAdmin;
    isAdmin = roleOf(state) === "admin";
    if (isAdmin && !before) enter();
    // Left open it would try to get in with whoever signs in next.
    if (state.status === "signedOut" || (before && !isAdmin)) admin?.disconnect();
  };
  auth.session.subscribe(follow);
  follow(auth.session.state);
  return { enter };
}
