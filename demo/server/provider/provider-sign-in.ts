import express, { Router } from "express";
import type Provider from "oidc-provider";
import { addressOf, isLimited, type Limits } from "../guards/limits.ts";
import { requireOwnOrigin } from "../guards/origin-check.ts";
import { pageHeaders } from "../guards/page-headers.ts";
import type { Accounts } from "../people/accounts.ts";
import type { Store } from "../stores/store.ts";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import { CLIENT_ID, familyOfGrantKey, RESOURCE, SIGN_IN_PATH } from "./addresses.ts";

/** A page with the provider's sign-in form. It has no script. */
function signInPage(uid: string, complaint = ""): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Sign in: the demo's OpenID provider</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/dashboard.css">
  </head>
  <body class="provider">
    <main>
      <header class="masthead">
        <div>
          <p class="brand">OpenID provider</p>
          <h1>Sign in to the AuthSocket demo</h1>
        </div>
      </header>
      <form class="panel sign-in-form" method="post" action="${SIGN_IN_PATH}/${uid}">
        <div class="field"><label for="username">Username</label>
          <input id="username" name="username" autocomplete="username" autocapitalize="none" required></div>
        <div class="field"><label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required></div>
        <p class="field-error" role="alert">${complaint}</p>
        <button class="button primary">Sign in</button>
        <p class="quiet">Demo accounts: alice / wonderland, bob / builder, admin / overlook.</p>
      </form>
      <p class="quiet">This page belongs to the provider, which runs in the demo's server. The demo's pages never see the password.</p>
    </main>
  </body>
</html>
`;
}

/** The page where users sign in at the provider. A sign-in there is a sign-in of this browser, as by `/api/login`. */
export function providerSignIn(parts: {
  provider: () => Promise<Provider>;
  origin: string | undefined;
  store: Store;
  accounts: Accounts;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
  limits: Limits;
  /** ms */
  refreshLifetime: number;
}): Router {
  const { provider, store, accounts, families, refreshCookie, limits } = parts;
  const router = Router();
  const path = `${SIGN_IN_PATH}/:uid`;

  router.use(path, pageHeaders, (_request, response, next) => {
    // With "no-referrer", the form would be sent with `Origin: null`.
    response.set({ "Referrer-Policy": "same-origin", "Cache-Control": "no-store" });
    next();
  });

  router.get(path, async (request, response) => {
    const { uid } = await (await provider()).interactionDetails(request, response);
    response.type("html").send(signInPage(uid));
  });

  router.post(
    path,
    requireOwnOrigin(parts.origin),
    express.urlencoded({ extended: false, limit: "10kb" }),
    async (request, response) => {
      // Only the browser that the provider has sent here has the cookie of this interaction.
      const openId = await provider();
      const { uid } = await openId.interactionDetails(request, response);
      const { username, password }: { username?: unknown; password?: unknown } = request.body ?? {};
      const name = typeof username === "string" ? username.slice(0, 200) : "";
      if (
        await isLimited(response, [
          [limits.signInsPerAddress, addressOf(request)],
          [limits.signInsPerAccount, name],
        ])
      )
        return;
      const secret = typeof password === "string" ? password.slice(0, 200) : "";
      const account = await accounts.authenticate(name, secret);
      if (!account || account.suspended) {
        const complaint = account ? "This account is suspended." : "This name and password do not match.";
        response
          .status(account ? 403 : 401)
          .type("html")
          .send(signInPage(uid, complaint));
        return;
      }
      await limits.signInsPerAccount.forget(name);
      const replaced = await families.find(refreshCookie.read(request));
      if (replaced) await families.end(replaced);
      const { family, secret: refreshSecret } = await families.start(account.id);
      refreshCookie.set(response, refreshSecret);

      // The user need not be asked for consent: the page is the demo's own.
      const grant = new openId.Grant({ accountId: account.id, clientId: CLIENT_ID });
      grant.addOIDCScope("openid offline_access");
      grant.addResourceScope(RESOURCE, "");
      const grantId = await grant.save();
      await store.update(familyOfGrantKey(grantId), () => ({
        result: undefined,
        next: { value: family.id, lifetime: parts.refreshLifetime },
      }));
      await openId.interactionFinished(request, response, {
        login: { accountId: account.id },
        consent: { grantId },
      });
    },
  );

  return router;
}
