import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";

/** What `msalSource` uses of `PublicClientApplication`, from `@azure/msal-browser`. */
export interface MsalLike<Account> {
  handleRedirectPromise(): Promise<unknown>;
  getActiveAccount(): Account | null;
  getAllAccounts(): Account[];
  acquireTokenSilent(request: {
    scopes: string[];
    account: Account;
    forceRefresh: boolean;
  }): Promise<{ accessToken: string; expiresOn: Date | null; uniqueId?: string | undefined }>;
  /** Answers null if there is no window. Then there is nothing to remove. */
  addEventCallback(
    callback: (message: { eventType: string; interactionType: string | null; payload: unknown }) => void,
  ): string | null;
  removeEventCallback(id: string | null): void;
}

/**
 * Takes access tokens from MSAL, for its active account or otherwise for its first one. It waits until the app has initialized
 * MSAL and handled a redirect. It follows sign-in and sign-out in this tab. If MSAL's `cacheLocation` is "localStorage", it
 * follows them in the other tabs too.
 *
 * @param options.scopes what the access token is for. Name a scope of your own API: only then can your server verify it.
 * @example
 * const app = new PublicClientApplication({ auth: { clientId, authority } });
 * const auth = new AuthSocket("/", { source: msalSource(app, { scopes: ["api://chat/.default"] }) });
 * await app.initialize();
 * await app.handleRedirectPromise();
 */
export function msalSource<Account>(app: MsalLike<Account>, { scopes }: { scopes: string[] }): TokenSource {
  let ready: Promise<void> | undefined;
  /** How many questions MSAL has not answered. */
  let asking = 0;
  return {
    async get({ reason }) {
      ready ??= redirectHandled(app);
      await ready;
      const account = app.getActiveAccount() ?? app.getAllAccounts()[0];
      if (!account) return undefined;
      asking++;
      try {
        const forceRefresh = isForcing(reason);
        const result = await app.acquireTokenSilent({ scopes, account, forceRefresh });
        return {
          accessToken: result.accessToken,
          expiresAt: result.expiresOn?.getTime(),
          subject: result.uniqueId,
        };
      } catch (failure) {
        if (/^InteractionRequired/.test(Object(failure).name)) return null;
        throw failure;
      } finally {
        asking--;
      }
    },
    subscribe(changed) {
      const id = app.addEventCallback(({ eventType, interactionType, payload }) => {
        // MSAL also announces a token that comes from its cache, and what it is about to answer here. To ask again then would
        // bring the same token or, since MSAL refreshes one with less than five minutes left, the next one, without end (B23).
        const isEcho = asking > 0 && interactionType === "silent" && /acquireToken/.test(eventType);
        // What happens to an account in another tab has other names in older versions.
        if (/Success$|ccount/.test(eventType) && !isEcho && !Object(payload).fromCache) changed();
      });
      return () => app.removeEventCallback(id);
    },
  };
}

/** MSAL does not say whether it is initialized. It gives the result of a redirect to all who ask, and throws before that. */
function redirectHandled<Account>(app: MsalLike<Account>): Promise<void> {
  return new Promise((resolve) => {
    // In a later task: the app's own call, which may have options, comes first.
    const ask = () =>
      setTimeout(async () => {
        try {
          await app.handleRedirectPromise();
        } catch (failure) {
          // The app sees any other failure itself, because it has asked for the same result.
          if (/^uninit/.test(Object(failure).errorCode)) return;
        }
        app.removeEventCallback(id);
        resolve();
      });
    const id = app.addEventCallback(ask);
    ask();
  });
}
