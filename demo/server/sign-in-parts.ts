import type { AccessTokens } from "./access-tokens.ts";
import type { Accounts } from "./accounts.ts";
import type { Connections } from "./connections.ts";
import type { Limits } from "./limits.ts";
import type { RefreshCookie } from "./refresh-cookie.ts";
import type { RefreshFamilies } from "./refresh-families.ts";

/** What a sign-in is made of: the routes that start, refresh and end one work on it. */
export interface SignInParts {
  accounts: Accounts;
  accessTokens: AccessTokens;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
  connections: Connections;
  limits: Limits;
}
