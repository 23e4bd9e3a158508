import type { SessionState } from "authsocket";
import type { DemoSocket } from "../server/demo-socket.ts";
import { watchSession } from "../state/session-watch.ts";
import type { RefreshWatch, Renewal } from "./refresh-watch.ts";

/** A token that the page has just got. */
export interface TokenNews {
  readonly token: string;
  readonly state: SessionState;
  /** How it came; undefined for the first token after a sign-in or a reload. */
  readonly by: Renewal | undefined;
  /** The renewals since the sign-in. */
  readonly renewals: Readonly<Record<Renewal, number>>;
}

const noRenewals: Readonly<Record<Renewal, number>> = { refresh: 0, adoption: 0, provider: 0 };

/** Calls `listener` with each token of the session. */
export function watchTokens(
  session: DemoSocket["session"],
  refreshes: Pick<RefreshWatch, "sourceOf">,
  listener: (news: TokenNews) => void,
): void {
  let renewals = noRenewals;
  const tell = async (renewed: boolean) => {
    const state = session.state;
    const token = await session.getToken();
    const by = renewed ? refreshes.sourceOf(token) : undefined;
    if (by) renewals = { ...renewals, [by]: renewals[by] + 1 };
    listener({ token, state, by, renewals });
  };
  watchSession(session, (_, change) => {
    if (change?.kind === "started") renewals = noRenewals;
    // If the session ends in between, there is no token to tell of.
    if (change?.kind === "started" || change?.kind === "renewed")
      tell(change.kind === "renewed").catch(() => {});
  });
}
