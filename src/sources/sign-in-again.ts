/** The words of OAuth 2 and OpenID Connect, and Auth0's for a refresh token that its client does not have. */
export const oauthWords =
  /^(invalid_grant|missing_refresh_token|(login|interaction|consent|account_selection)_required)$/;

/**
 * Returns what an SDK answers, or null if it fails with one of the words that mean "the user has to sign in again". Any other
 * failure is thrown on: nobody is signed out because the network or a server failed.
 */
export async function nullAt<Answer>(words: RegExp, answer: Promise<Answer>): Promise<Answer | null> {
  try {
    return await answer;
  } catch (failure) {
    const { error, code, name } = Object(failure);
    if ([error, code, name].some((word) => words.test(word))) return null;
    throw failure;
  }
}
