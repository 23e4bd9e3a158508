import { Router } from "express";
import { addressOf, isLimited } from "../guards/limits.ts";
import { familyRoom } from "../sockets/connections.ts";
import type { Family } from "../tokens/refresh-families.ts";
import type { SignInParts } from "./sign-in-parts.ts";
import { refuseSuspended } from "./suspension.ts";

// Longer input would only cost time for hashing.
const MAX_CREDENTIAL_LENGTH = 200;

const isCredential = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_CREDENTIAL_LENGTH;

/** Sign in, sign out, sign out everywhere. */
export function signInRoutes(parts: SignInParts): Router {
  const { accounts, accessTokens, families, refreshCookie, connections, limits } = parts;
  const router = Router();

  // Sockets with a token stay until the page disconnects them or the token expires: that is why access tokens are short-lived.
  async function end(family: Family): Promise<void> {
    await families.end(family);
    connections.endSession(familyRoom(family.id));
  }

  router.post("/login", async (request, response) => {
    const { username, password }: { username?: unknown; password?: unknown } = request.body ?? {};
    if (!isCredential(username) || !isCredential(password)) {
      response.status(400).json({ error: "Send JSON with a username and a password" });
      return;
    }
    const { signInsPerAddress, signInsPerAccount } = limits;
    // Before the hashing, because that is the expensive part. Unknown names are counted too.
    if (
      await isLimited(response, [
        [signInsPerAddress, addressOf(request)],
        [signInsPerAccount, username],
      ])
    )
      return;
    const account = await accounts.authenticate(username, password);
    if (!account) {
      response.status(401).json({ error: "Wrong username or password" });
      return;
    }
    await signInsPerAccount.forget(username);
    // Only after the password was right: nobody else may learn who is suspended.
    if (account.suspended) {
      refuseSuspended(response);
      return;
    }
    // The new cookie replaces the old one. Without it, nobody could end the old family.
    const replaced = await families.find(refreshCookie.read(request));
    if (replaced) await end(replaced);
    const { family, secret } = await families.start(account.id);
    const issued = await accessTokens.issue(account, family.id);
    refreshCookie.set(response, secret);
    const { suspended, ...user } = account;
    response.json({ ...issued, user });
  });

  router.post("/logout", async (request, response) => {
    const family = await families.find(refreshCookie.read(request));
    if (family) await end(family);
    refreshCookie.clear(response);
    response.status(204).end();
  });

  router.post("/logout-everywhere", async (request, response) => {
    const family = await families.find(refreshCookie.read(request));
    if (!family) {
      response.status(401).json({ error: "Sign in first" });
      return;
    }
    await families.endAll(family.subject);
    await connections.endUser(family.subject, "signed out everywhere");
    refreshCookie.clear(response);
    response.status(204).end();
  });

  return router;
}
