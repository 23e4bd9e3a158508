import { CLIENT_PAGE, SIGN_IN_PATH } from "./addresses.ts";

/** A page of the provider's. It has no script. */
function page(body: string): string {
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
${body}
    </main>
  </body>
</html>
`;
}

/**
 * The sign-in form.
 *
 * @param uid the provider's name for this sign-in
 * @param complaint why the last attempt has failed
 */
export function signInPage(uid: string, complaint = ""): string {
  return page(`      <form class="panel sign-in-form" method="post" action="${SIGN_IN_PATH}/${uid}">
        <div class="field"><label for="username">Username</label>
          <input id="username" name="username" autocomplete="username" autocapitalize="none" required></div>
        <div class="field"><label for="password">Password</label>
          <input id="password" name="password" type="password" autocomplete="current-password" required></div>
        <p class="field-error" role="alert">${complaint}</p>
        <button class="button primary">Sign in</button>
        <p class="quiet">Demo accounts: alice / wonderland, bob / builder, admin / overlook.</p>
      </form>
      <p class="quiet">This page belongs to the provider, which runs in the demo's server. The demo's pages never see the password.</p>`);
}

/** For a form that was left open for too long, or that belongs to another browser. */
export function expiredPage(): string {
  return page(`      <section class="panel">
        <p role="alert">This sign-in has expired.</p>
        <p>Go back to the demo, and start again there.</p>
        <p class="actions"><a class="button primary" href="${CLIENT_PAGE}">Back to the demo</a></p>
      </section>`);
}
