import { AuthError, type Identity } from "authsocket/server";
import type { Faults } from "../faults/faults.ts";
import type { Accounts } from "../people/accounts.ts";
import type { AccessTokens } from "../tokens/access-tokens.ts";
import type { Claims } from "../tokens/claims.ts";
import type { ProviderTokens } from "../tokens/provider-tokens.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";

/** ms */
const RETRY_AFTER = 1_000;

export type Verify = (token: string) => Promise<Identity<Claims>>;

/**
 * The `verify` of every namespace that needs a token. The signature proves only that the token was issued. Whether the account
 * and the sign-in still exist is looked up.
 */
export function admission(parts: {
  accessTokens: AccessTokens;
  providerTokens: ProviderTokens;
  accounts: Accounts;
  families: RefreshFamilies;
  faults: Faults;
}): Verify {
  const { accessTokens, providerTokens, accounts, families, faults } = parts;

  async function admit(token: string): Promise<Identity<Claims>> {
    const issuer = providerTokens.isProviders(token) ? providerTokens : accessTokens;
    const identity = await issuer.verify(token);
    faults.checkVerification(identity);
    const { subject, claims } = identity;
    const account = await accounts.find(subject);
    // A scope error, because no new token would help.
    if (!account || account.suspended) throw new AuthError("insufficient_scope", "This account is suspended");
    if (!(await families.isAlive({ id: claims.familyId, subject }))) throw new AuthError("token_revoked");
    return identity;
  }

  return (token) =>
    admit(token).catch((cause: unknown) => {
      if (cause instanceof AuthError) throw cause;
      // The token is not to blame: the client should try again later, and not refresh.
      throw new AuthError("unavailable", undefined, { retryAfter: RETRY_AFTER, cause });
    });
}
