import type { Line } from "../log/lines.ts";
import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "../token/page-settings.ts";

/** Signs out at the server by `tellServer`, which answers whether that worked, then in this browser. */
export type SignOut = (tellServer: () => Promise<boolean>) => Promise<void>;

/** @param provider the identity provider's client, which forgets its tokens too */
export function createSignOut(
  { session, socket }: DemoSocket,
  write: (line: Line) => void,
  provider?: ProviderSettings,
): SignOut {
  /** While true, the server's revocations are the answer to this sign-out. */
  let leaving = false;

  // The server may have ended the session together with the connection. Only the refresh endpoint knows: if it has, the
  // sign-in form is shown at once, not when the token is due.
  socket.on("auth:revoked", () => {
    if (!leaving) session.getToken({ forceRefresh: true }).catch(() => {});
  });

  return async (tellServer) => {
    leaving = true;
    try {
      const ended = await tellServer();
      await session.signOut();
      if (!ended)
        write({
          tone: "bad",
          text: "The server could not be reached. The session still exists there until it expires.",
        });
      await provider?.signOut();
    } finally {
      leaving = false;
    }
  };
}
