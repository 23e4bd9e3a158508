import { AuthSocket } from "authsocket";
import { oidcSource } from "authsocket/sources";
import { UserManager } from "oidc-client-ts";
import { type DemoSocket, mount } from "../dashboard/index.ts";

const root = document.querySelector("#app");
if (root === null) throw new Error("The page has no #app.");

// How long before its end oidc-client-ts renews a token. Its default is a minute, and tokens of this demo last 15 s.
const renewsBefore = 4_000;

// oidc-client-ts signs the user in, keeps the tokens in sessionStorage and renews them.
const users = new UserManager({
  authority: `${location.origin}/oidc`,
  client_id: "authsocket-demo",
  redirect_uri: `${location.origin}/openid`,
  scope: "openid offline_access",
  prompt: "login consent",
  accessTokenExpiringNotificationTimeInSeconds: renewsBefore / 1_000,
});

// The provider has sent the user back: exchange its code for tokens, and remove the code from the address.
const isReturning = new URLSearchParams(location.search).has("state");
if (isReturning) {
  await users.signinCallback().catch((error: unknown) => console.warn("The sign-in failed:", error));
  history.replaceState(null, "", location.pathname + location.hash);
}

// `source` is all that an app needs: AuthSocket takes the tokens from oidc-client-ts, and stores and refreshes nothing.
const auth: DemoSocket = new AuthSocket("/", { source: oidcSource(users) });
// A sign-in undoes an earlier sign-out, which AuthSocket remembers.
if (isReturning && (await users.getUser())) await auth.session.signIn();

mount(root, auth, {
  provider: {
    client: "oidc-client-ts",
    renewsBefore,
    signIn: () => users.signinRedirect(),
    signOut: () => users.removeUser(),
  },
});
