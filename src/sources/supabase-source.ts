import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { toMilliseconds } from "./milliseconds.ts";
import { nullAt } from "./sign-in-again.ts";

/** What `supabaseSource` uses of a `Session`, from `@supabase/supabase-js`. */
export interface SupabaseSessionLike {
  access_token: string;
  /** In seconds. */
  expires_at?: number | undefined;
}

interface SupabaseAnswer {
  data: { session: SupabaseSessionLike | null };
  error: unknown;
}

/** What `supabaseSource` uses of `SupabaseClient`, from `@supabase/supabase-js`. */
export interface SupabaseLike {
  auth: {
    getSession(): Promise<SupabaseAnswer>;
    refreshSession(): Promise<SupabaseAnswer>;
    onAuthStateChange(changed: (event: string, session: SupabaseSessionLike | null) => void): {
      data: { subscription: { unsubscribe(): void } };
    };
  };
}

const signInAgain =
  /^(refresh_token_(not_found|already_used)|session_(not_found|expired)|user_(banned|not_found)|AuthSessionMissingError)$/;

/**
 * Takes the tokens from Supabase's client, and follows sign-in, sign-out and refreshes in this tab and the others.
 *
 * @example
 * const supabase = createClient(url, key);
 * const auth = new AuthSocket("/", { source: supabaseSource(supabase) });
 */
export function supabaseSource({ auth }: SupabaseLike): TokenSource {
  // When Supabase is asked for a session with less than 90 s left, it refreshes. If it was asked after each announcement, all
  // tabs would refresh such sessions without end. So the first question after an announcement is answered with the announced
  // session.
  let announced: SupabaseSessionLike | null | undefined;

  async function ask(force: boolean): Promise<SupabaseSessionLike | null> {
    const { data, error } = await (force ? auth.refreshSession() : auth.getSession());
    if (error) throw error;
    return data.session;
  }

  return {
    async get({ reason }) {
      const force = isForcing(reason);
      const known = force ? undefined : announced;
      announced = undefined;
      const session = known === undefined ? await nullAt(signInAgain, ask(force)) : known;
      return session && { accessToken: session.access_token, expiresAt: toMilliseconds(session.expires_at) };
    },
    subscribe(changed) {
      const { subscription } = auth.onAuthStateChange((event, session) => {
        // This event has no session either if a stored session could not be refreshed without a network.
        if (event === "INITIAL_SESSION") return;
        announced = session;
        changed();
      }).data;
      return () => {
        subscription.unsubscribe();
        announced = undefined; // the next session would not hear of what happens from now on
      };
    },
  };
}
