import { Router } from "express";
import { refuseLimited } from "../guards/limits.ts";
import type { SignInParts } from "./sign-in-parts.ts";
import { SignIns } from "./sign-ins.ts";
import { refuseSuspended } from "./suspension.ts";

// Longer input would only cost time for hashing.
const MAX_CREDENTIAL_LENGTH = 200;

const isCredential = (value: unknown): value is string =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_CREDENTIAL_LENGTH;

/** Sign in, sign out, sign out everywhere. */
export function signInRoutes(parts: SignInParts): Router {
  const { accessTokens, families, refreshCookie, connections } = parts;
  const signIns = new SignIns(parts);
  const router = Router();

  router.post("/login", async (request, response) => {
    const { username, password }: { username?: unknown; password?: unknown } = request.body ?? {};
    if (!isCredential(username) || !isCredential(password)) {
      response.status(400).json({ error: "Send JSON with a username and a password" });
      return;
    }
    const signIn = await signIns.start(request, response, { username, password });
    switch (signIn.outcome) {
      case "limited":
        refuseLimited(response, signIn.wait);
        return;
      case "wrong":
        response.status(401).json({ error: "Wrong username or password" });
        return;
      case "suspended":
        refuseSuspended(response);
        return;
      case "signedIn": {
        const { suspended, ...user } = signIn.account;
        response.json({ ...(await accessTokens.issue(user, signIn.family.id)), user });
        return;
      }
      default:
        signIn satisfies never;
    }
  });

  router.post("/logout", async (request, response) => {
    const family = await families.find(refreshCookie.read(request));
    if (family) await signIns.end(family);
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
    // Whatever becomes of the connections, this browser is signed out.
    refreshCookie.clear(response);
    const isConfirmed = await connections.endUser(family.subject, "signed out everywhere");
    // 202: the user is signed out, and a node that has not confirmed it closes the connections when their tokens expire.
    response.status(isConfirmed ? 204 : 202).end();
  });

  return router;
}
