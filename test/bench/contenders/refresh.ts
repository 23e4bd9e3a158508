import type { Account } from "./contender.ts";

/** The refresh that everybody writes. Answers nothing where the user is signed out by it. */
export async function refresh({ refreshUrl, storage, key }: Account): Promise<string | undefined> {
  const response = await fetch(refreshUrl, { method: "POST", credentials: "include" });
  if (!response.ok) {
    storage.removeItem(key); // and on to the page for signing in
    return undefined;
  }
  const { token } = (await response.json()) as { token: string };
  storage.setItem(key, token);
  return token;
}
