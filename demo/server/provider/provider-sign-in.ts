import express, { type Request, type Response, Router } from "express";
import type Provider from "oidc-provider";
import { limited } from "../guards/limits.ts";
import { requireOwnOrigin } from "../guards/origin-check.ts";
import { pageHeaders } from "../guards/page-headers.ts";
import type { SignInParts } from "../sign-in/sign-in-parts.ts";
import { SignIns } from "../sign-in/sign-ins.ts";
import type { Store } from "../stores/store.ts";
import { CLIENT_ID, familyOfGrantKey, RESOURCE, SIGN_IN_PATH } from "./addresses.ts";
import { expiredPage, signInPage } from "./sign-in-page.ts";

/** The page where users sign in at the provider. A sign-in there is a sign-in of this browser, as by `/api/login`. */
export function providerSignIn(
  parts: SignInParts & {
    provider: () => Promise<Provider>;
    origin: string | undefined;
    store: Store;
    /** ms */
    refreshLifetime: number;
  },
): Router {
  const { provider, store } = parts;
  const signIns = new SignIns(parts);
  const router = Router();
  const path = `${SIGN_IN_PATH}/:uid`;

  /**
   * The provider's name for the sign-in of this browser: only the browser that the provider has sent here has its cookie. undefined
   * when there is none any more. The request has then been answered.
   */
  async function interaction(request: Request, response: Response): Promise<string | undefined> {
    try {
      return (await (await provider()).interactionDetails(request, response)).uid;
    } catch (error) {
      if (!(error instanceof Error && error.name === "SessionNotFound")) throw error;
      response.status(400).type("html").send(expiredPage());
      return undefined;
    }
  }

  router.use(path, pageHeaders, (_request, response, next) => {
    // With "no-referrer", the form would be sent with `Origin: null`.
    response.set({ "Referrer-Policy": "same-origin", "Cache-Control": "no-store" });
    next();
  });

  router.get(path, async (request, response) => {
    const uid = await interaction(request, response);
    if (uid !== undefined) response.type("html").send(signInPage(uid));
  });

  router.post(
    path,
    requireOwnOrigin(parts.origin),
    express.urlencoded({ extended: false, limit: "10kb" }),
    async (request, response) => {
      const uid = await interaction(request, response);
      if (uid === undefined) return;
      const complain = (complaint: string) => response.type("html").send(signInPage(uid, complaint));
      const { username, password }: { username?: unknown; password?: unknown } = request.body ?? {};
      const signIn = await signIns.start(request, response, {
        username: typeof username === "string" ? username.slice(0, 200) : "",
        password: typeof password === "string" ? password.slice(0, 200) : "",
      });
      switch (signIn.outcome) {
        case "limited":
          limited(response, signIn.wait);
          complain(`Too many attempts. Please wait ${Math.ceil(signIn.wait / 1000)} s.`);
          return;
        case "wrong":
          response.status(401);
          complain("This name and password do not match.");
          return;
        case "suspended":
          response.status(403);
          complain("This account is suspended.");
          return;
        case "signedIn":
          break;
        default:
          signIn satisfies never;
          return;
      }
      const { account, family } = signIn;

      // The user need not be asked for consent: the page is the demo's own.
      const openId = await provider();
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
