import { fingerprint } from "../token/fingerprint.ts";
import type { TokenSet } from "../token/token-set.ts";
import { memoryStore } from "./memory.ts";
import type { TokenStore } from "./token-store.ts";

/** The store of a session whose tokens a source keeps. */
export interface SourceStore extends TokenStore {
  /** Whether that subject is the one who signed out; one that has no name is. */
  isWhoLeft(subject: string | undefined): boolean;
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
  const mark = () => globalThis.localStorage?.getItem(key) ?? null;
  const of = (user: string | undefined) => (user === undefined ? "" : String(fingerprint(user)));
  const forget = () => {
    if (mark() !== null) globalThis.localStorage?.removeItem(key);
  };
  return {
    load: memory.load,
    save(tokens: TokenSet) {
      subject = tokens.subject;
      forget();
      return memory.save(tokens);
    },
    clear(signedOut) {
      if (signedOut) globalThis.localStorage?.setItem(key, of(subject));
      else forget();
      return memory.clear(signedOut);
    },
    signedOut: () => mark() !== null || memory.signedOut?.() === true,
    isWhoLeft: (user) => {
      const left = mark() ?? of(subject);
      return left === "" || user === undefined || left === of(user);
    },
  };
}
