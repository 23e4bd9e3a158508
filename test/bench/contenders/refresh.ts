import type { Account } from "./contender.ts";

/** The refresh that everybody writes. Returns undefined if the user is signed out. */
export async function refresh({ refreshUrl, storage, key }: Account): Promise<string | undefined> {
  const response = await fetch(refreshUrl, { method: "POST", credentials: "include" });
  if (!response.ok) {
    storage.removeItem(key); // and then to the sign-in page
    return undefined;
  }
  const { token } = (await response.json()) as { token: string };
  storage.setItem(key, token);
  return token;
}
