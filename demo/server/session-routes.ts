import { Router } from "express";
import type { AccessTokens } from "./access-tokens.ts";
import type { Accounts } from "./accounts.ts";
import { clearRefreshCookie, readRefreshCookie, setRefreshCookie } from "./refresh-cookie.ts";
import type { RefreshSessions } from "./refresh-sessions.ts";
import { requireRequestedWith } from "./requested-with.ts";

// Longer input would only buy hashing work.
const MAX_CREDENTIAL_LENGTH = 200;

const isCredential = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_CREDENTIAL_LENGTH;

/** Sign in, refresh, sign out. */
export function sessionRoutes(parts: {
  accounts: Accounts;
  accessTokens: AccessTokens;
  refreshSessions: RefreshSessions;
}): Router {
  const { accounts, accessTokens, refreshSessions } = parts;
  const router = Router();

  router.post("/login", async (request, response) => {
    const { username, password }: { username?: unknown; password?: unknown } = request.body ?? {};
    if (!isCredential(username) || !isCredential(password)) {
      response.status(400).json({ error: "Send JSON with a username and a password" });
      return;
    }
    const user = await accounts.authenticate(username, password);
    if (!user) {
      response.status(401).json({ error: "Wrong username or password" });
      return;
    }
    // The new cookie takes the old one's place, so nobody could end that session any more.
    refreshSessions.end(readRefreshCookie(request));
    const { session, secret } = refreshSessions.start(user.id);
    const issued = await accessTokens.issue(user, session.id);
    setRefreshCookie(response, secret);
    response.json({ ...issued, user });
  });

  router.post("/refresh-token", requireRequestedWith, async (request, response) => {
    const session = refreshSessions.find(readRefreshCookie(request));
    // Looked up again each time: a role that has changed reaches the next token.
    const user = session && accounts.find(session.subject);
    if (!user) {
      clearRefreshCookie(response);
      response.status(401).json({ error: "There is no session to refresh: sign in" });
      return;
    }
    response.json(await accessTokens.issue(user, session.id));
  });

  // Access tokens already issued run out by themselves: that is why they are short.
  router.post("/logout", (request, response) => {
    refreshSessions.end(readRefreshCookie(request));
    clearRefreshCookie(response);
    response.status(204).end();
  });

  return router;
}
