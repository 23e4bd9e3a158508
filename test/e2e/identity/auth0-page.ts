import { Auth0Client } from "@auth0/auth0-spa-js";
import { auth0Source } from "authsocket/sources";
import { open } from "./page.ts";

const [clientId = "", issuer = ""] = decodeURIComponent(location.pathname)
  .split("/")
  .slice(2)
  .join("/")
  .split("@");
const client = new Auth0Client({
  domain: issuer.replace(/\/$/, ""),
  clientId,
  authorizationParams: { redirect_uri: `${location.origin}${location.pathname}` },
  useRefreshTokens: true,
  cacheLocation: "localstorage",
});

const hasReturned = location.search.includes("state=");
if (hasReturned) {
  await client.handleRedirectCallback();
  history.replaceState(null, "", location.pathname);
}

open(auth0Source(client), {
  signIn: (user) => client.loginWithRedirect({ authorizationParams: { login_hint: user, prompt: "login" } }),
  refreshToken: () => /"refresh_token":"([^"]+)"/.exec(Object.values(localStorage).join())?.[1] ?? "",
  async signOut() {
    await window.auth.session.signOut();
    await client.logout({ openUrl: false });
  },
});
if (hasReturned) await window.auth.session.signIn();
