import type { DemoSocket } from "../server/demo-socket.ts";
import type { ProviderSettings } from "../token/page-settings.ts";

/** Signs out at the server by `tellServer`, which answers whether that worked, then in this browser. */
export type SignOut = (tellServer: () => Promise<boolean>) => Promise<void>;

/**
 * @param show tells the user what has not worked
 * @param provider the identity provider's client, which forgets its tokens too
 */
export function createSignOut(
  { session, socket }: DemoSocket,
  show: (heading: string, words: string) => void,
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
      // While the server has the session, a reload would sign the user in again. A provider's client keeps its tokens itself.
      if (!ended && !provider) {
        show("You are still signed in", "the server could not be reached.");
        return;
      }
      await session.signOut();
      if (!ended) show("You are signed out only here", "the server could not be reached.");
      await provider?.signOut();
    } finally {
      leaving = false;
    }
  };
}
