import type { TabNews } from "../tabs/refresh-lock.ts";
import { fingerprint } from "../token/fingerprint.ts";
import { type State, tokenOf } from "./session-state.ts";

/** What a session does about the news of another tab. */
export type TabAnswer =
  | "nothing"
  /** ask the source whom it has now */
  | "askSource"
  /** sign out, too */
  | "leave"
  /** somebody is signed in again: find out who */
  | "reopen"
  /** whoever has signed in is another user: give up the token, and find out who it is */
  | "startAnew"
  /** perhaps another user: refresh, to find out */
  | "refresh";

/** What another user does under the same name, in a session that has nothing to do with this one, is no news. */
export function isOthers({ user }: TabNews, state: State): boolean {
  const own = ownUser(state);
  return own !== undefined && user !== undefined && own !== user;
}

/** The fingerprint of the user. Who was here before is not who is signed in. */
function ownUser(state: State): number | undefined {
  const subject = tokenOf(state) && state.user.subject;
  return subject === undefined ? undefined : fingerprint(subject);
}

/**
 * Another tab says that somebody has signed in or out (B10, B16).
 *
 * @param hasSource whether a source is asked, which knows who is signed in
 */
export function answerTab(news: TabNews, state: State, hasSource: boolean): TabAnswer {
  const { signedOut, look, user } = news;
  const token = tokenOf(state);
  // Who holds a refresh token goes alone.
  if (token?.refreshToken !== undefined) return "nothing";
  if (hasSource && (look || !signedOut)) return "askSource";
  // B23: an identity SDK may announce the same token in every tab.
  if (!signedOut && token && fingerprint(token.accessToken) === news.token) return "nothing";
  if (signedOut) return isOthers(news, state) ? "nothing" : "leave";
  if (state.status === "signedOut") return "reopen";
  // B16: where nobody is named, whoever has signed in is another user.
  const own = ownUser(state);
  if (token && own === undefined) return "startAnew";
  return state.status === "signedIn" && own !== user ? "refresh" : "nothing";
}
