import type { Limits } from "../guards/limits.ts";
import type { Accounts } from "../people/accounts.ts";
import type { Connections } from "../sockets/connections.ts";
import type { AccessTokens } from "../tokens/access-tokens.ts";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";

/** What a sign-in is made of: the routes that start, refresh and end one work on it. */
export interface SignInParts {
  accounts: Accounts;
  accessTokens: AccessTokens;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
  connections: Connections;
  limits: Limits;
}
