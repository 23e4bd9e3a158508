import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "./session-watch.ts";

/** What the server said when it last ended the connection on purpose. */
export interface Revocation {
  /** undefined once there is another connection, or another user. */
  readonly reason: string | undefined;
}

export function watchRevocation({ session, socket }: DemoSocket): Revocation {
  let reason: string | undefined;
  const forget = () => {
    reason = undefined;
  };
  socket.on("auth:revoked", (revocation) => {
    reason = revocation.reason;
  });
  socket.on("connect", forget);
  watchSession(session, (_, change) => {
    if (change?.kind === "started") forget();
  });
  return {
    get reason() {
      return reason;
    },
  };
}
