import { type SigninSilentArgs, type User, UserManager } from "oidc-client-ts";

/**
 * A UserManager that renews once at a time. oidc-client-ts renews by a timer, and AuthSocket asks it to renew when a server
 * refuses a token. Without this, both could use the same one-time refresh token, and the provider would end the session.
 */
export class SingleRenewal extends UserManager {
  #renewal: Promise<User | null> | undefined;

  override signinSilent(options?: SigninSilentArgs): Promise<User | null> {
    this.#renewal ??= super.signinSilent(options).finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }
}
