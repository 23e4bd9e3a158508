import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { AuthSocket, type AuthSocketOptions, memoryStore } from "authsocket";
import { SignJWT } from "jose";
import { onTestFinished } from "vitest";

export const SECRET = "a secret of the tests, as long as HS256 likes it";

export interface TokenOptions {
  /** default "alice" */
  subject?: string;
  /** ms. default an hour */
  lifetime?: number;
  role?: string;
}

export function issue({ subject = "alice", lifetime = 3_600_000, role = "user" }: TokenOptions = {}) {
  return new SignJWT({ role, exp: (Date.now() + lifetime) / 1_000, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setSubject(subject)
    .sign(new TextEncoder().encode(SECRET));
}

export function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An AuthSocket with its own refresh endpoint, disposed of when the test is over. */
export async function signedIn(url: string, token: TokenOptions = {}, first?: string) {
  const refreshes: string[] = [];
  const refresh = async () => {
    refreshes.push(await issue(token));
    return { accessToken: refreshes.at(-1) ?? "", refreshToken: crypto.randomUUID() };
  };
  const accessToken = first ?? (await issue(token));
  const store = memoryStore({ accessToken, refreshToken: crypto.randomUUID() });
  // A name of its own, since all of them live in one process.
  const auth = new AuthSocket(url, { refresh, store, name: crypto.randomUUID() });
  onTestFinished(() => auth.dispose());
  return { auth, refreshes };
}

export function cookieUser(url: string, cookie: string, options: Partial<AuthSocketOptions> = {}) {
  const auth = new AuthSocket(url, {
    refresh: `${url}/api/session`,
    credential: "cookie",
    name: crypto.randomUUID(),
    fetch: (input, init) => fetch(input, { ...init, headers: { ...Object(init?.headers), cookie } }),
    io: { extraHeaders: { cookie } },
    ...options,
  } as AuthSocketOptions);
  onTestFinished(() => auth.dispose());
  return auth;
}
