import type { TokenSet, TokenStore } from "authsocket";
import type { Accounts, IssueOptions } from "./accounts.ts";

/** What another tab needs of the server. */
export interface OtherTabContext {
  readonly accounts: Accounts;
  settled(): Promise<void>;
}

/** Another tab of the app's browser: it shares the app's store, and refreshes when it has its turn. */
export class OtherTab {
  readonly #store: () => TokenStore;
  readonly #context: OtherTabContext;

  constructor(store: () => TokenStore, context: OtherTabContext) {
    this.#store = store;
    this.#context = context;
  }

  /** A user signs in there, with tokens of `server.issue()` or with new ones. */
  async signIn(tokens: TokenSet | IssueOptions = {}): Promise<void> {
    const set =
      "accessToken" in tokens ? tokens : this.#context.accounts.issue(tokens as IssueOptions).tokens;
    await this.#store().save(set as TokenSet);
    await this.#context.settled();
  }

  /** The user signs out there: the store remembers it, and the server refreshes no token of that sign-in any more. */
  async signOut(): Promise<void> {
    const store = this.#store();
    const { accessToken } = (await store.load()) ?? {};
    const access = this.#context.accounts.find(accessToken);
    if (access) access.signIn.isOver = true;
    await store.clear(true);
    await this.#context.settled();
  }

  /** It renews the tokens, and stores the new ones. */
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
    // Where an HttpOnly cookie keeps the refresh token, no page sees it.
    await store.save({ ...tokens, ...renewed, ...(tokens.refreshToken && { refreshToken }) } as TokenSet);
    await this.#context.settled();
  }
}
