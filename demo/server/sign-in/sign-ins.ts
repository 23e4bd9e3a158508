import type { Request, Response } from "express";
import { addressOf, waitFor } from "../guards/limits.ts";
import type { Account } from "../people/accounts.ts";
import { familyRoom } from "../sockets/connections.ts";
import type { Family } from "../tokens/refresh-families.ts";
import type { SignInParts } from "./sign-in-parts.ts";

export type SignInOutcome =
  | { readonly outcome: "signedIn"; readonly account: Account; readonly family: Family }
  /** There were too many attempts. `wait` is in ms. */
  | { readonly outcome: "limited"; readonly wait: number }
  | { readonly outcome: "wrong" }
  | { readonly outcome: "suspended" };

/** The sign-ins of browsers by name and password: at this server's own form, and at the OpenID provider's. */
export class SignIns {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /** Checks name and password. If they are right, it signs the browser in and sets its refresh cookie. */
  async start(
    request: Request,
    response: Response,
    { username, password }: { username: string; password: string },
  ): Promise<SignInOutcome> {
    const { accounts, families, refreshCookie } = this.#parts;
    const { signInsPerAddress, signInsPerAccount } = this.#parts.limits;
    // Before the hashing, because that is the expensive part. Unknown names are counted too.
    const wait = await waitFor([
      [signInsPerAddress, addressOf(request)],
      [signInsPerAccount, username],
    ]);
    if (wait > 0) return { outcome: "limited", wait };
    const account = await accounts.authenticate(username, password);
    if (!account) return { outcome: "wrong" };
    await signInsPerAccount.forget(username);
    // Only after the password was right: nobody else may learn who is suspended.
    if (account.suspended) return { outcome: "suspended" };
    // The new cookie replaces the old one. Without it, nobody could end the old family.
    const replaced = await families.find(refreshCookie.read(request));
    if (replaced) await this.end(replaced);
    const { family, secret } = await families.start(account.id);
    refreshCookie.set(response, secret);
    return { outcome: "signedIn", account, family };
  }

  /**
   * Ends a browser's sign-in, and its sockets that use a session cookie. Sockets with a token stay until the page disconnects them
   * or the token expires: that is why access tokens are short-lived.
   */
  async end(family: Family): Promise<void> {
    await this.#parts.families.end(family);
    this.#parts.connections.endSession(familyRoom(family.id));
  }
}
