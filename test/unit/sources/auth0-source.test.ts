import { auth0Source } from "authsocket/sources";
import { describe, expect, it, vi } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { ask, cached, failure, forcing, waits } from "./questions.ts";

const client = (answer: () => Promise<string | undefined>) => ({ getTokenSilently: vi.fn(answer) });

describe("auth0Source", () => {
  it.each(cached)("takes what Auth0's cache holds where a token is %s", async (reason) => {
    const auth0 = client(async () => "token");
    expect(await ask(auth0Source(auth0), reason)).toBe("token");
    expect(auth0.getTokenSilently).toHaveBeenCalledExactlyOnceWith({ cacheMode: "on" });
  });

  it.each(forcing)("goes past the cache where a token is %s", async (reason) => {
    const auth0 = client(async () => "token");
    expect(await ask(auth0Source(auth0), reason)).toBe("token");
    expect(auth0.getTokenSilently).toHaveBeenCalledExactlyOnceWith({ cacheMode: "off" });
  });

  it.each([
    "login_required",
    "invalid_grant",
    "missing_refresh_token",
    "consent_required",
    "interaction_required",
    "account_selection_required",
  ])("takes %s for nobody", async (error) => {
    expect(await ask(auth0Source(client(() => Promise.reject(failure({ error })))), "expired")).toBeNull();
  });

  it.each(["rejected", "forced"] as const)(
    "B7 presents what the cache holds without a refresh token where a token is %s",
    async (reason) => {
      const getTokenSilently = async ({ cacheMode }: { cacheMode: string }) => {
        if (cacheMode === "off") throw failure({ error: "missing_refresh_token" });
        return "held";
      };
      expect(await ask(auth0Source({ getTokenSilently }), reason)).toBe("held");
      expect(await ask(auth0Source({ getTokenSilently }), "expired")).toBeNull();
    },
  );

  it.each(["rejected", "forced"] as const)(
    "knows that nobody is signed in if the cache holds nothing either where a token is %s",
    async (reason) => {
      const auth0 = client(() => Promise.reject(failure({ error: "missing_refresh_token" })));
      expect(await ask(auth0Source(auth0), reason)).toBeNull();
    },
  );

  it("takes a session that has reached its longest time for nobody", async () => {
    expect(await ask(auth0Source(client(async () => undefined)), "missing")).toBeUndefined();
  });

  it.each([{ error: "timeout" }, { error: "request_error" }, { name: "TypeError" }])(
    "passes on %o, which says nothing about the user",
    async (fields) => {
      const error = failure(fields);
      const source = auth0Source(client(() => Promise.reject(error)));
      await expect(ask(source, "expired")).rejects.toBe(error);
    },
  );

  it("waits for a client that is promised", async () => {
    const { promise, resolve } = deferred<ReturnType<typeof client>>();
    const answer = ask(auth0Source(promise), "missing");
    expect(await waits(answer)).toBe(true);
    resolve(client(async () => "token"));
    expect(await answer).toBe("token");
  });
});
