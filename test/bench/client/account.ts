import type { Account } from "../contenders/contender.ts";

/** Who signs in where. */
export interface SignIn {
  url: string;
  user: string;
}

/** Signs in, unless another tab has. */
export async function signIn({ url, user }: SignIn, storage: Storage): Promise<Account> {
  const key = `authToken-${user}`;
  if (storage.getItem(key) === null) {
    const response = await fetch(`${url}/login/${user}`, { method: "POST", credentials: "include" });
    storage.setItem(key, (await response.json()).token);
  }
  return { url, refreshUrl: `${url}/refresh/${user}`, storage, key };
}
