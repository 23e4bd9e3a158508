import { type OidcUserLike, oidcSource } from "authsocket/sources";
import { describe, expect, it, vi } from "vitest";
import { deferred } from "../../support/deferred.ts";
import { ask, cached, failure, forcing, newsOf, waits } from "./questions.ts";

const user = (access_token: string): OidcUserLike => ({
  access_token,
  expires_at: 1_900_000_000,
  profile: { sub: "ann" },
});
const tokens = (accessToken: string) => ({ accessToken, expiresAt: 1_900_000_000_000, subject: "ann" });

function manager(held: OidcUserLike | null, renew: () => Promise<OidcUserLike | null>) {
  const listeners = { loaded: new Set<() => void>(), unloaded: new Set<() => void>() };
  const add = (set: Set<() => void>) => (listener: () => void) => {
    set.add(listener);
    return () => set.delete(listener);
  };
  return {
    getUser: async () => held,
    signinSilent: vi.fn(renew),
    events: { addUserLoaded: add(listeners.loaded), addUserUnloaded: add(listeners.unloaded) },
    tell(event: "loaded" | "unloaded") {
      for (const listener of listeners[event]) listener();
    },
  };
}

describe("oidcSource", () => {
  it.each(cached)("takes the user that the manager holds where a token is %s", async (reason) => {
    const users = manager(user("held"), async () => user("fresh"));
    const renew = users.signinSilent;
    expect(await ask(oidcSource(users), reason)).toEqual(tokens("held"));
    expect(renew).not.toHaveBeenCalled();
  });

  it.each(forcing)("signs in silently where a token is %s", async (reason) => {
    const users = manager(user("held"), async () => user("fresh"));
    const renew = users.signinSilent;
    expect(await ask(oidcSource(users), reason)).toEqual(tokens("fresh"));
    expect(renew).toHaveBeenCalledOnce();
  });

  it("shares a silent sign-in that is under way, also with the manager's own timer", async () => {
    const answer = deferred<OidcUserLike>();
    const users = manager(user("held"), () => answer.promise);
    const renew = users.signinSilent;
    const source = oidcSource(users);
    const own = users.signinSilent();
    const asked = ask(source, "forced");
    expect(await waits(asked)).toBe(true);
    answer.resolve(user("fresh"));
    expect(await own).toEqual(user("fresh"));
    expect(await asked).toEqual(tokens("fresh"));
    expect(renew).toHaveBeenCalledOnce();
    expect(await ask(source, "forced")).toEqual(tokens("fresh"));
    expect(renew).toHaveBeenCalledTimes(2);
  });

  it("asks again after a silent sign-in that failed", async () => {
    const answers = [Promise.reject(failure({ name: "ErrorTimeout" })), Promise.resolve(user("fresh"))];
    const users = manager(user("held"), () => answers.shift() ?? Promise.resolve(null));
    const source = oidcSource(users);
    await expect(ask(source, "forced")).rejects.toThrow();
    expect(await ask(source, "forced")).toEqual(tokens("fresh"));
  });

  it("signs nobody in where nobody is signed in", async () => {
    const users = manager(null, async () => user("fresh"));
    const renew = users.signinSilent;
    expect(await ask(oidcSource(users), "forced")).toBeNull();
    expect(renew).not.toHaveBeenCalled();
  });

  it.each(["invalid_grant", "login_required", "interaction_required", "consent_required"])(
    "takes %s for nobody",
    async (error) => {
      const users = manager(user("held"), () => Promise.reject(failure({ name: "ErrorResponse", error })));
      expect(await ask(oidcSource(users), "expired")).toBeNull();
    },
  );

  it.each([
    { name: "ErrorTimeout" },
    { name: "TypeError" },
    { name: "ErrorResponse", error: "server_error" },
    { name: "ErrorResponse", error: "temporarily_unavailable" },
  ])("passes on %o, which says nothing about the user", async (fields) => {
    const error = failure(fields);
    const users = manager(user("held"), () => Promise.reject(error));
    await expect(ask(oidcSource(users), "expired")).rejects.toBe(error);
  });

  it("tells of users that are loaded and unloaded until it is told to stop", async () => {
    const users = manager(null, async () => null);
    const source = oidcSource(users);
    expect(await newsOf(source, () => users.tell("loaded"))).toBe(1);
    expect(await newsOf(source, () => users.tell("unloaded"))).toBe(1);
    const stop = source.subscribe?.(() => expect.unreachable());
    stop?.();
    users.tell("loaded");
    users.tell("unloaded");
  });
});
