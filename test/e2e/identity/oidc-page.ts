import { oidcSource } from "authsocket/sources";
import { UserManager, WebStorageStateStore } from "oidc-client-ts";
import { open } from "./page.ts";

const [client_id = "", authority = ""] = decodeURIComponent(location.pathname)
  .split("/")
  .slice(2)
  .join("/")
  .split("@");
const page = `${location.origin}${location.pathname}`;
const users = new UserManager({
  authority,
  client_id,
  redirect_uri: page,
  scope: "openid offline_access",
  userStore: new WebStorageStateStore({ store: localStorage }),
  automaticSilentRenew: false,
});

const hasReturned = location.search.includes("state=");
if (hasReturned) {
  await users.signinCallback();
  history.replaceState(null, "", location.pathname);
}

open(oidcSource(users), {
  signIn: (user) => users.signinRedirect({ login_hint: user, prompt: "login" }),
  refreshToken: () => JSON.parse(localStorage[`oidc.user:${authority}:${client_id}`]).refresh_token,
  async signOut() {
    await window.auth.session.signOut();
    await users.removeUser();
  },
});
if (hasReturned) await window.auth.session.signIn();
