import { firebaseSource } from "authsocket/sources";
import { describe, expect, it, vi } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { ask, cached, failure, forcing, newsOf, waits } from "./questions.ts";

function firebase(getIdToken?: (force: boolean) => Promise<string>) {
  const listeners = new Set<() => void>();
  return {
    currentUser: getIdToken ? { getIdToken: vi.fn(getIdToken) } : null,
    authStateReady: async () => {},
    onIdTokenChanged(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell: () => {
      for (const listener of listeners) listener();
    },
  };
}

describe("firebaseSource", () => {
  it.each([
    ...cached.map((reason) => [reason, false] as const),
    ...forcing.map((reason) => [reason, true] as const),
  ])("where a token is %s, forces: %s", async (reason, force) => {
    const auth = firebase(async () => "token");
    expect(await ask(firebaseSource(auth), reason)).toBe("token");
    expect(auth.currentUser?.getIdToken).toHaveBeenCalledExactlyOnceWith(force);
  });

  it("answers nothing before Firebase has looked for a stored user", async () => {
    const { promise, resolve } = deferred<void>();
    const auth = { ...firebase(), authStateReady: () => promise };
    const answer = ask(firebaseSource(auth), "missing");
    expect(await waits(answer)).toBe(true);
    auth.currentUser = firebase(async () => "token").currentUser;
    resolve();
    expect(await answer).toBe("token");
  });

  it("answers nothing before Firebase has told of the first state, where it is older than 10.1", async () => {
    const auth = { ...firebase(), authStateReady: undefined };
    const answer = ask(firebaseSource(auth), "missing");
    expect(await waits(answer)).toBe(true);
    auth.currentUser = firebase(async () => "token").currentUser;
    auth.tell();
    expect(await answer).toBe("token");
  });

  it("knows that nobody is signed in", async () => {
    expect(await ask(firebaseSource(firebase()), "missing")).toBeNull();
  });

  it.each([
    "auth/user-token-expired",
    "auth/user-disabled",
    "auth/user-not-found",
    "auth/invalid-user-token",
    "auth/invalid-refresh-token",
  ])("takes %s for nobody", async (code) => {
    const auth = firebase(() => Promise.reject(failure({ code })));
    expect(await ask(firebaseSource(auth), "expired")).toBeNull();
  });

  it.each(["auth/network-request-failed", "auth/too-many-requests", "auth/internal-error"])(
    "passes on %s, which says nothing about the user",
    async (code) => {
      const error = failure({ code });
      const auth = firebase(() => Promise.reject(error));
      await expect(ask(firebaseSource(auth), "expired")).rejects.toBe(error);
    },
  );

  it("tells of each change of the ID token until it is told to stop", async () => {
    const auth = firebase();
    expect(await newsOf(firebaseSource(auth), auth.tell)).toBe(1);
    expect(await newsOf(firebaseSource(auth), () => {})).toBe(0);
  });
});
