import type { Limits } from "../guards/limits.ts";
import type { Accounts } from "../people/accounts.ts";
import type { Connections } from "../sockets/connections.ts";
import type { AccessTokens } from "../tokens/access-tokens.ts";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";

/** What the routes that start, refresh and end a sign-in have in common. */
export interface SignInParts {
  accounts: Accounts;
  accessTokens: AccessTokens;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
  connections: Connections;
  limits: Limits;
}
