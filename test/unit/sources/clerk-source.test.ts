import { AuthSession } from "authsocket";
import { clerkSource } from "authsocket/sources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../../support/manual-platform.ts";
import { holdToken } from "../../support/token-holder.ts";
import { ask, cached, forcing, newsOf, waits } from "./questions.ts";

function clerk(getToken?: () => Promise<string | null>) {
  const listeners = new Set<() => void>();
  return {
    session: (getToken ? { getToken: vi.fn(getToken) } : null) as
      | { getToken(options: { skipCache: boolean }): Promise<string | null> }
      | null
      | undefined,
    addListener(listener: () => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell() {
      for (const listener of listeners) listener();
    },
    listeners,
  };
}

describe("clerkSource", () => {
  it.each([
    ...cached.map((reason) => [reason, false] as const),
    ...forcing.map((reason) => [reason, true] as const),
  ])("where a token is %s, skips the cache: %s", async (reason, skipCache) => {
    const client = clerk(async () => "token");
    expect(await ask(clerkSource(client), reason)).toBe("token");
    expect(client.session?.getToken).toHaveBeenCalledExactlyOnceWith({ skipCache });
  });

  it("answers nothing while Clerk loads or changes sessions", async () => {
    const client = clerk();
    client.session = undefined;
    const answer = ask(clerkSource(client), "missing");
    client.tell();
    expect(await waits(answer)).toBe(true);
    client.session = clerk(async () => "token").session;
    client.tell();
    expect(await answer).toBe("token");
    expect(client.listeners.size).toBe(0);
  });

  it("B9 listens to a Clerk that never loads for the question that waits, and no longer", async () => {
    const client = clerk();
    client.session = undefined;
    const platform = new ManualPlatform();
    const session = new AuthSession({ source: clerkSource(client) }, platform);
    onTestFinished(() => session.dispose());
    onTestFinished(holdToken(session));
    for (let minute = 0; minute < 10; minute++) await platform.advance(60_000);
    expect(client.listeners.size).toBe(2); // the session's own is the other one
    session.dispose();
    await platform.advance(60_000); // B22: a late answer is waited for
    expect(client.listeners.size).toBe(0);
  });

  it("B22 signOut() does not wait for Clerk to load", async () => {
    const client = clerk();
    client.session = undefined;
    const session = new AuthSession({ source: clerkSource(client) }, new ManualPlatform());
    onTestFinished(() => session.dispose());
    const ready = session.whenReady();
    await vi.waitUntil(() => client.listeners.size === 2);
    const signedOut = session.signOut();
    expect(await waits(signedOut)).toBe(false);
    expect((await ready).status).toBe("signedOut");
    expect(client.listeners.size).toBe(1);
  });

  it("knows that nobody is signed in", async () => {
    expect(await ask(clerkSource(clerk()), "missing")).toBeUndefined();
  });

  it("takes null for nobody", async () => {
    expect(await ask(clerkSource(clerk(async () => null)), "expired")).toBeNull();
  });

  it("takes null for nothing at all where there is no network", async () => {
    vi.stubGlobal("navigator", { onLine: false });
    await expect(ask(clerkSource(clerk(async () => null)), "expired")).rejects.toThrow("offline");
  });

  it("passes on what Clerk throws", async () => {
    const error = new Error("clerk_offline");
    await expect(ask(clerkSource(clerk(() => Promise.reject(error))), "expired")).rejects.toBe(error);
  });

  it("B6 passes on in ms for how many seconds Clerk wants to be left alone", async () => {
    const error = Object.assign(new Error("Too many requests"), { status: 429, retryAfter: 60 });
    await expect(ask(clerkSource(clerk(() => Promise.reject(error))), "expired")).rejects.toMatchObject({
      message: "Too many requests",
      cause: error,
      status: 429,
      retryAfter: 60_000,
    });
  });

  it("tells of each change until it is told to stop", async () => {
    const client = clerk();
    expect(await newsOf(clerkSource(client), () => client.tell())).toBe(1);
    expect(client.listeners.size).toBe(0);
  });
});
