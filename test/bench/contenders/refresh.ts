import type { Account } from "./contender.ts";

/** Calls the API with the stored token, and once more with a fresh one if it was refused. */
export async function request(
  { url, storage, key }: Account,
  path: string,
  refreshed: () => Promise<string | undefined>,
): Promise<number> {
  const ask = async (token: string | null) => {
    const headers = { Authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { headers });
    await response.body?.cancel();
    return response.status;
  };
  const status = await ask(storage.getItem(key));
  const token = status === 401 ? await refreshed() : undefined;
  return token === undefined ? status : ask(token);
}

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
