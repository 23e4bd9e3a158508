import { amplifySource } from "authsocket/sources";
import { describe, expect, it, vi } from "vitest";
import { ask, cached, failure, forcing, newsOf } from "./questions.ts";

type Listener = (message: { payload: { event: string } }) => void;
type Tokens = { accessToken: { toString(): string; payload: { exp?: number } } };

function amplify(fetch: () => Promise<{ tokens?: Tokens }>) {
  const listeners = new Set<Listener>();
  return {
    fetchAuthSession: vi.fn(fetch),
    Hub: {
      listen(_channel: "auth", listener: Listener) {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    tell(event: string) {
      for (const listener of listeners) listener({ payload: { event } });
    },
    listeners,
  };
}

const signedIn = async () => ({
  tokens: { accessToken: { toString: () => "token", payload: { exp: 1_900_000_000 } } },
});

describe("amplifySource", () => {
  it.each([
    ...cached.map((reason) => [reason, false] as const),
    ...forcing.map((reason) => [reason, true] as const),
  ])("where a token is %s, forces: %s", async (reason, forceRefresh) => {
    const sdk = amplify(signedIn);
    expect(await ask(amplifySource(sdk), reason)).toEqual({
      accessToken: "token",
      expiresAt: 1_900_000_000_000,
    });
    expect(sdk.fetchAuthSession).toHaveBeenCalledExactlyOnceWith({ forceRefresh });
  });

  it("knows that nobody is signed in", async () => {
    expect(await ask(amplifySource(amplify(async () => ({}))), "missing")).toBeUndefined();
  });

  it.each([
    "NotAuthorizedException",
    "TokenRevokedException",
    "RefreshTokenReuseException",
    "UserNotFoundException",
    "UserNotConfirmedException",
    "UserUnAuthenticatedException",
    "PasswordResetRequiredException",
  ])("takes %s for nobody", async (name) => {
    const sdk = amplify(() => Promise.reject(failure({ name })));
    expect(await ask(amplifySource(sdk), "expired")).toBeUndefined();
  });

  it.each(["NetworkError", "TooManyRequestsException", "InternalErrorException"])(
    "passes on %s, which says nothing about the user",
    async (name) => {
      const error = failure({ name });
      const sdk = amplify(() => Promise.reject(error));
      await expect(ask(amplifySource(sdk), "expired")).rejects.toBe(error);
    },
  );

  it.each(["signedIn", "signedOut", "signInWithRedirect", "tokenRefresh"])("tells of %s", async (event) => {
    const sdk = amplify(signedIn);
    expect(await newsOf(amplifySource(sdk), () => sdk.tell(event))).toBe(1);
    expect(sdk.listeners.size).toBe(0);
  });

  it.each(["tokenRefresh_failure", "signInWithRedirect_failure", "customOAuthState"])(
    "keeps %s to itself: asking after a failure would fail again",
    async (event) => {
      const sdk = amplify(signedIn);
      expect(await newsOf(amplifySource(sdk), () => sdk.tell(event))).toBe(0);
    },
  );
});
