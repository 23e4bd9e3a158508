import { AuthError, type Identity } from "authsocket/server";
import type { Faults } from "../faults/faults.ts";
import type { Accounts } from "../people/accounts.ts";
import type { AccessTokens } from "../tokens/access-tokens.ts";
import type { Claims } from "../tokens/claims.ts";
import type { ProviderTokens } from "../tokens/provider-tokens.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";

/** Who may connect with a token. */
export interface Admission {
  /**
   * The `verify` of every namespace that needs a token. The signature proves only that the token was issued, so the standing is
   * looked up too.
   *
   * @throws {AuthError} or an error of jose's when the token is refused; any other error when it could not be checked
   */
  verify(token: string): Promise<Identity<Claims>>;
  /**
   * Looks up whether the account and the sign-in of a verified token still exist.
   *
   * @throws {AuthError} when they do not
   */
  checkStanding(identity: Identity<Claims>): Promise<void>;
}

export function admission(parts: {
  accessTokens: AccessTokens;
  providerTokens: ProviderTokens;
  accounts: Accounts;
  families: RefreshFamilies;
  faults: Faults;
}): Admission {
  const { accessTokens, providerTokens, accounts, families, faults } = parts;

  async function checkStanding({ subject, claims }: Identity<Claims>): Promise<void> {
    const account = await accounts.find(subject);
    // A scope error, because no new token would help.
    if (!account || account.suspended) throw new AuthError("insufficient_scope", "This account is suspended");
    if (!(await families.isAlive({ id: claims.familyId, subject }))) throw new AuthError("token_revoked");
  }

  return {
    // Errors that say nothing about the token, such as those of a store that is down, are passed on as they are. `authenticate`
    // has the client try again later, and reports them.
    async verify(token) {
      const issuer = providerTokens.isProviders(token) ? providerTokens : accessTokens;
      const identity = await issuer.verify(token);
      faults.checkVerification(identity);
      await checkStanding(identity);
      return identity;
    },
    checkStanding,
  };
}
