import { createClient } from "@supabase/supabase-js";
import { supabaseSource } from "authsocket/sources";
import { open } from "./page.ts";

const supabase = createClient(location.origin, "sb_publishable_key");

open(supabaseSource(supabase), {
  async signIn(user) {
    const { error } = await supabase.auth.signInWithPassword({
      email: `${user}@example.com`,
      password: "password",
    });
    if (error) throw error;
  },
  refreshToken: () => /"refresh_token":"([^"]+)"/.exec(Object.values(localStorage).join())?.[1] ?? "",
  async signOut() {
    await supabase.auth.signOut({ scope: "local" });
  },
});
