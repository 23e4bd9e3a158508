import { Router } from "express";
import type Provider from "oidc-provider";
import { offlineGate, refreshGate } from "../faults/fault-gates.ts";
import type { Faults } from "../faults/faults.ts";
import type { SignInParts } from "../sign-in/sign-in-parts.ts";
import type { Store } from "../stores/store.ts";
import { PROVIDER_PATH } from "./addresses.ts";
import type { ProviderOptions } from "./identity-provider.ts";
import { providerSignIn } from "./provider-sign-in.ts";

/**
 * The OpenID provider and its sign-in page. The provider is started by the first request to it: most visitors of the demo do not
 * need it, and its issuer is this server's origin, which is known once the server listens. If the start fails, the next request
 * starts it again.
 */
export function providerRoutes(
  parts: SignInParts &
    Pick<ProviderOptions, "keys" | "cookieKey" | "accessTokenLifetime" | "refreshLifetime"> & {
      store: Store;
      faults: Faults;
      /** The origin of the proxy in front of this server. undefined without a proxy */
      origin: string | undefined;
      /** The origins without a proxy. Asked at the first request. */
      localOrigins: () => ProviderOptions["origins"];
    },
): Router {
  const { origin, localOrigins } = parts;
  let provider: Promise<Provider> | undefined;

  async function start(): Promise<Provider> {
    const { createIdentityProvider } = await import("./identity-provider.ts");
    const origins: ProviderOptions["origins"] = origin === undefined ? localOrigins() : [origin];
    return createIdentityProvider({ ...parts, origins, behindProxy: origin !== undefined });
  }

  function ready(): Promise<Provider> {
    provider ??= start().catch((error: unknown) => {
      provider = undefined;
      throw error;
    });
    return provider;
  }

  const router = Router();
  router.use(providerSignIn({ ...parts, provider: ready }));
  router.use(PROVIDER_PATH, offlineGate(parts));
  router.post(`${PROVIDER_PATH}/token`, refreshGate(parts));
  router.use(PROVIDER_PATH, async (request, response) => (await ready()).callback()(request, response));
  return router;
}
