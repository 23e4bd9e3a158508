import { AuthSession } from "authsocket";
import { type SupabaseSessionLike, supabaseSource } from "authsocket/sources";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { ManualPlatform } from "../../support/manual-platform.ts";
import { timedToken } from "../../support/unsigned-jwt.ts";
import { ask, cached, failure, forcing, newsOf } from "./questions.ts";

type Session = SupabaseSessionLike | null;
const session = (access_token: string) => ({ access_token, expires_at: 1_900_000_000 });
const tokens = (accessToken: string) => ({ accessToken, expiresAt: 1_900_000_000_000 });

function supabase(answer: () => { session: Session; error?: unknown }) {
  const listeners = new Set<(event: string, session: Session) => void>();
  const answered = async () => {
    const { session, error = null } = answer();
    return { data: { session }, error };
  };
  return {
    auth: {
      getSession: vi.fn(answered),
      refreshSession: vi.fn(answered),
      onAuthStateChange(listener: (event: string, session: Session) => void) {
        listeners.add(listener);
        return { data: { subscription: { unsubscribe: () => listeners.delete(listener) } } };
      },
    },
    tell(event: string, session: Session) {
      for (const listener of listeners) listener(event, session);
    },
  };
}

describe("supabaseSource", () => {
  it.each(cached)("takes the session that Supabase holds where a token is %s", async (reason) => {
    const client = supabase(() => ({ session: session("token") }));
    expect(await ask(supabaseSource(client), reason)).toEqual(tokens("token"));
    expect(client.auth.refreshSession).not.toHaveBeenCalled();
  });

  it.each(forcing)("refreshes where a token is %s", async (reason) => {
    const client = supabase(() => ({ session: session("token") }));
    expect(await ask(supabaseSource(client), reason)).toEqual(tokens("token"));
    expect(client.auth.refreshSession).toHaveBeenCalledOnce();
  });

  it.each([
    { code: "refresh_token_not_found", status: 400 },
    { code: "refresh_token_already_used", status: 400 },
    { code: "session_not_found", status: 403 },
    { code: "session_expired", status: 400 },
    { code: "user_banned", status: 403 },
    { code: undefined, name: "AuthSessionMissingError", status: 400 },
  ])("takes %o for nobody", async (fields) => {
    const client = supabase(() => ({ session: null, error: failure(fields) }));
    expect(await ask(supabaseSource(client), "expired")).toBeNull();
  });

  it("takes a client that throws its errors like one that answers them", async () => {
    const client = supabase(() => {
      throw failure({ code: "refresh_token_not_found" });
    });
    expect(await ask(supabaseSource(client), "expired")).toBeNull();
  });

  it.each([
    { name: "AuthRetryableFetchError", status: 503 },
    { name: "AuthRefreshDiscardedError", status: 409 },
    { name: "AuthApiError", code: "over_request_rate_limit", status: 429 },
  ])("passes on %o, which says nothing about the user", async (fields) => {
    const error = failure(fields);
    const client = supabase(() => ({ session: null, error }));
    await expect(ask(supabaseSource(client), "expired")).rejects.toBe(error);
  });

  it("asks Supabase no second time for a session that it has announced, so that news makes no renewal", async () => {
    const client = supabase(() => ({ session: session("held") }));
    const source = supabaseSource(client);
    const told = vi.fn();
    source.subscribe?.(told);
    client.tell("TOKEN_REFRESHED", session("announced"));
    expect(told).toHaveBeenCalledOnce();
    expect(await ask(source, "expiring")).toEqual(tokens("announced"));
    expect(client.auth.getSession).not.toHaveBeenCalled();
    expect(await ask(source, "expiring")).toEqual(tokens("held"));
  });

  it("refreshes also where a session has been announced", async () => {
    const client = supabase(() => ({ session: session("fresh") }));
    const source = supabaseSource(client);
    source.subscribe?.(() => {});
    client.tell("SIGNED_IN", session("announced"));
    expect(await ask(source, "rejected")).toEqual(tokens("fresh"));
  });

  it("knows of a sign-out by the news alone", async () => {
    const client = supabase(() => ({ session: session("held") }));
    const source = supabaseSource(client);
    source.subscribe?.(() => {});
    client.tell("SIGNED_OUT", null);
    expect(await ask(source, "missing")).toBeNull();
  });

  it("B10 a user who signs out while no session is there is not signed in to the next one", async () => {
    const platform = new ManualPlatform();
    const alice = { access_token: timedToken(platform.now()) };
    let held: Session = alice;
    const client = supabase(() => ({ session: held }));
    const source = supabaseSource(client);
    const open = () => {
      const session = new AuthSession({ source }, platform);
      onTestFinished(() => session.dispose());
      return session;
    };
    const before = open();
    expect((await before.whenReady()).status).toBe("signedIn");
    client.tell("USER_UPDATED", alice);
    client.tell("TOKEN_REFRESHED", alice); // nobody asks about it any more
    before.dispose();
    held = null;
    expect((await open().whenReady()).status).toBe("signedOut");
  });

  it("believes no first event: it names nobody also where a renewal has failed", async () => {
    const client = supabase(() => ({ session: null, error: failure({ name: "AuthRetryableFetchError" }) }));
    const source = supabaseSource(client);
    expect(await newsOf(source, () => client.tell("INITIAL_SESSION", null))).toBe(0);
    await expect(ask(source, "missing")).rejects.toThrow();
  });
});
