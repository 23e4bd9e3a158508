import type { TokenSet, TokenStore } from "authsocket";
import type { Accounts, IssueOptions } from "./accounts.ts";
import { clientTokens } from "./client-tokens.ts";

/** What another tab needs of the server. */
export interface OtherTabContext {
  readonly accounts: Accounts;
  settled(): Promise<void>;
}

/** Another tab of the app's browser. It shares the app's store, and takes turns with the app to refresh. */
export class OtherTab {
  readonly #store: () => TokenStore;
  readonly #context: OtherTabContext;

  /** @internal */
  constructor(store: () => TokenStore, context: OtherTabContext) {
    this.#store = store;
    this.#context = context;
  }

  /** Signs a user in there, with tokens of `server.issue()` or with new ones. */
  async signIn(tokens: TokenSet | IssueOptions = {}): Promise<void> {
    const set =
      "accessToken" in tokens
        ? (tokens as TokenSet)
        : clientTokens(this.#context.accounts.issue(tokens as IssueOptions).tokens);
    await this.#store().save(set);
    await this.#context.settled();
  }

  /** Signs the user out there. The store remembers it, and the server no longer refreshes tokens of this sign-in. */
  async signOut(): Promise<void> {
    const store = this.#store();
    const { accessToken } = (await store.load()) ?? {};
    const access = this.#context.accounts.find(accessToken);
    if (access) access.signIn.isOver = true;
    await store.clear(true);
    await this.#context.settled();
  }

  /** Refreshes the tokens there, and stores the new ones. */
  async renew(): Promise<void> {
    const store = this.#store();
    const { accounts } = this.#context;
    const tokens = await store.load();
    const access = accounts.find(tokens?.accessToken);
    if (!tokens || !access) {
      const came = tokens ? "some that the server has not issued" : "none: nobody is signed in";
      throw new Error(`otherTab.renew(): expected tokens of server.issue() in the store; there are ${came}`);
    }
    const { refreshToken, ...renewed } = accounts.renew(access.signIn);
    // If the refresh token is in an HttpOnly cookie, no page sees it.
    const own = tokens.refreshToken === undefined ? {} : { refreshToken };
    await store.save(clientTokens({ ...tokens, ...renewed, ...own }));
    await this.#context.settled();
  }
}
