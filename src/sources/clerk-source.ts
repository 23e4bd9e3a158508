import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";

/** What `clerkSource` uses of `Clerk`, from `@clerk/clerk-js`, which Clerk's other packages hand out as well. */
export interface ClerkLike {
  /** Undefined while Clerk loads or changes from one session to another, null if nobody is signed in. */
  readonly session?: { getToken(options: { skipCache: boolean }): Promise<string | null> } | null | undefined;
  addListener(changed: () => void): () => void;
}

/**
 * Takes the session tokens from Clerk. It waits until Clerk has loaded. It follows a sign-in and a sign-out in this tab
 * and in the others. It learns of a sign-in in another tab when the user comes back to this one.
 *
 * @example
 * const clerk = new Clerk(publishableKey);
 * const auth = new AuthSocket("/", { source: clerkSource(clerk) });
 * await clerk.load();
 */
export function clerkSource(clerk: ClerkLike): TokenSource {
  return {
    async get({ reason, signal }) {
      if (clerk.session === undefined) await sessionKnown(clerk, signal);
      const token = await clerk.session?.getToken({ skipCache: isForcing(reason) }).catch(inMilliseconds);
      // Before version 6, Clerk answers null without a network, even if a user is signed in.
      if (!token && globalThis.navigator?.onLine === false) throw new Error("Clerk is offline");
      return token;
    },
    subscribe: (changed) => clerk.addListener(() => changed()),
  };
}

/** Clerk's `retryAfter` is in seconds. */
function inMilliseconds(cause: unknown): never {
  const { message, status, retryAfter } = Object(cause);
  if (!retryAfter) throw cause;
  throw Object.assign(new Error(message, { cause }), { status, retryAfter: retryAfter * 1000 });
}

/** Waits for as long as somebody wants to know: Clerk may never load. */
function sessionKnown(clerk: ClerkLike, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = clerk.addListener(() => {
      if (clerk.session === undefined) return;
      stop();
      resolve();
    });
    signal.addEventListener("abort", () => {
      stop();
      reject(signal.reason);
    });
  });
}
