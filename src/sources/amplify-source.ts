import type { TokenSource } from "../client/refresh/source.ts";
import { isForcing } from "./forcing.ts";
import { toMilliseconds } from "./milliseconds.ts";
import { nullAt } from "./sign-in-again.ts";

/** What `amplifySource` uses of `aws-amplify/auth` and `aws-amplify/utils`. */
export interface AmplifyLike {
  fetchAuthSession(options: { forceRefresh: boolean }): Promise<{
    tokens?: { accessToken: { toString(): string; payload: { exp?: number | undefined } } } | undefined;
  }>;
  Hub: {
    listen(channel: "auth", listener: (message: { payload: { event: string } }) => void): () => void;
  };
}

const signInAgain =
  /^(NotAuthorized|TokenRevoked|RefreshTokenReuse|UserNotFound|UserNotConfirmed|UserUnAuthenticated|PasswordResetRequired)Exception/;

/**
 * Takes the access tokens of Amazon Cognito from Amplify, and follows sign-in, sign-out and refreshes in this tab and the
 * others. Call `Amplify.configure()` first.
 *
 * @example
 * import { fetchAuthSession } from "aws-amplify/auth";
 * import { Hub } from "aws-amplify/utils";
 * const auth = new AuthSocket("/", { source: amplifySource({ fetchAuthSession, Hub }) });
 */
export function amplifySource({ fetchAuthSession, Hub }: AmplifyLike): TokenSource {
  return {
    async get({ reason }) {
      const session = await nullAt(signInAgain, fetchAuthSession({ forceRefresh: isForcing(reason) }));
      const token = session?.tokens?.accessToken;
      return token && { accessToken: token.toString(), expiresAt: toMilliseconds(token.payload.exp) };
    },
    // Amplify also announces a failed refresh. If it was asked again then, that would fail and be announced, without end.
    subscribe: (changed) =>
      Hub.listen("auth", ({ payload }) => {
        if (/^(signedIn|signedOut|signInWithRedirect|tokenRefresh)$/.test(payload.event)) changed();
      }),
  };
}
