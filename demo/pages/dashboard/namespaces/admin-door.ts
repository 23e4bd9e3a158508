import type { AuthSocketState } from "authsocket";
import type { AdminSocket, DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "../state/session-watch.ts";
import { roleOf } from "../state/user.ts";

/** The way into "/admin". */
export interface AdminDoor {
  readonly state: AuthSocketState;
  /** Tries to connect, whoever is signed in: the server decides. */
  enter(): void;
  /** Calls `listener` once, when the namespace's AuthSocket is made. */
  onOpen(listener: (admin: AdminSocket) => void): void;
}

/** Connects to "/admin" while the token says that the user is an administrator. The AuthSocket is made when first needed. */
export function createAdminDoor(auth: DemoSocket): AdminDoor {
  let admin: AdminSocket | undefined;
  let isAdmin = false;
  const listeners: ((admin: AdminSocket) => void)[] = [];
  const enter = () => {
    if (admin) {
      admin.connect();
      return;
    }
    admin = auth.of("/admin");
    for (const listener of listeners) listener(admin);
  };
  watchSession(auth.session, (state) => {
    const wasAdmin = isAdmin;
    isAdmin = roleOf(state) === "admin";
    if (isAdmin && !wasAdmin) enter();
    // Otherwise it would try to connect as whoever signs in next.
    if (state.status === "signedOut" || (wasAdmin && !isAdmin)) admin?.disconnect();
  });
  return {
    get state() {
      return admin?.state ?? { status: "idle" as const };
    },
    enter,
    onOpen(listener) {
      listeners.push(listener);
      if (admin) listener(admin);
    },
  };
}
