import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";
import { memoryStore } from "./memory.ts";
import type { TokenStore } from "./token-store.ts";

/** The store of a session whose tokens a source keeps. */
export interface SourceStore extends TokenStore {
  /** Whether somebody has signed out, and that subject is the one; one that has no name is. */
  hasLeft(subject: string | undefined): boolean;
}

/**
 * Holds tokens in memory, since the source stores them itself. What outlives a reload is that the user has signed out, and
 * by a fingerprint who it was: an SDK that still holds a token must not sign the user in again.
 *
 * @param name of the session
 */
export function sourceStore(name: string): SourceStore {
  const memory = memoryStore();
  const key = `authsocket:${name}:signedOut`;
  let subject: string | undefined;
  const storedMark = () => {
    try {
      return globalThis.localStorage?.getItem(key) ?? null;
    } catch {
      return null; // B9: storage may be denied; this page remembers it all the same
    }
  };
  const markOf = (user: string | undefined) => (user === undefined ? "" : String(fingerprint(user)));
  /** Who is here, or was, also before this page was loaded. */
  const whoLeft = () => markOf(subject) || (storedMark() ?? "");
  const forget = () => {
    if (storedMark() !== null) globalThis.localStorage?.removeItem(key);
  };
  const signedOut = () => storedMark() !== null || memory.signedOut?.() === true;
  return {
    load: memory.load,
    save(tokens: TokenSet) {
      subject = tokens.subject;
      void memory.save(tokens);
      forget();
    },
    clear(isSignedOut) {
      void memory.clear(isSignedOut);
      if (isSignedOut) globalThis.localStorage?.setItem(key, whoLeft());
      else forget();
    },
    signedOut,
    hasLeft: (user) => {
      const left = storedMark() ?? markOf(subject);
      return signedOut() && (left === "" || user === undefined || left === markOf(user));
    },
  };
}
