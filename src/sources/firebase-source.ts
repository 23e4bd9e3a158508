import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { nullAt } from "./sign-in-again.ts";

/** What `firebaseSource` uses of `Auth`, from `firebase/auth`. */
export interface FirebaseAuthLike {
  readonly currentUser: { getIdToken(forceRefresh: boolean): Promise<string> } | null;
  /** Since Firebase 10.1. */
  readonly authStateReady?: (() => Promise<void>) | undefined;
  onIdTokenChanged(changed: () => void): () => void;
}

const signInAgain = /^auth\/(user-(token-expired|disabled|not-found)|invalid-(user|refresh)-token)$/;

/**
 * Takes the ID tokens of Firebase Authentication. It waits until Firebase has looked for a stored user, and follows
 * sign-in, sign-out and refreshes in this tab and the others.
 *
 * @example
 * const auth = new AuthSocket("/", { source: firebaseSource(getAuth(app)) });
 */
export function firebaseSource(auth: FirebaseAuthLike): TokenSource {
  let ready: Promise<void> | undefined;
  return {
    async get({ reason }) {
      ready ??= auth.authStateReady?.() ?? firstState(auth);
      await ready;
      const user = auth.currentUser;
      return user && nullAt(signInAgain, user.getIdToken(isForcing(reason)));
    },
    subscribe: (changed) => auth.onIdTokenChanged(() => changed()),
  };
}

/** Before 10.1: Firebase calls whoever listens once it has looked. */
function firstState(auth: FirebaseAuthLike): Promise<void> {
  return new Promise((resolve) => {
    const end = auth.onIdTokenChanged(() => {
      resolve();
      queueMicrotask(() => end());
    });
  });
}
