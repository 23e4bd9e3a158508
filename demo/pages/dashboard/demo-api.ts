/** What the demo server does besides the socket: sign in, sign out, and break on demand. */

export type LoginAnswer =
  | { readonly ok: true; readonly accessToken: string; readonly expiresAt: number }
  | { readonly ok: false; readonly error: string };

/** Signs in. `expiresAt` is in ms since the epoch by this page's clock, counted from the answer. */
export async function login(username: string, password: string): Promise<LoginAnswer> {
  const unreachable: LoginAnswer = { ok: false, error: "The server cannot be reached. Please try again." };
  try {
    const response = await post("/api/login", { username, password });
    if (response.status === 400 || response.status === 401) {
      return { ok: false, error: "This name and password do not match." };
    }
    if (!response.ok) return unreachable;
    const { token, expiresIn } = await response.json();
    return { ok: true, accessToken: token, expiresAt: Date.now() + expiresIn * 1_000 };
  } catch {
    return unreachable;
  }
}

/** Ends the refresh session at the server. False where the server was not reached and still has it. */
export async function logout(): Promise<boolean> {
  return succeeds("/api/logout");
}

export type FaultKind =
  | "expire-token"
  | "refresh-401"
  | "refresh-503"
  | "refresh-hang"
  | "cut"
  | "kick"
  | "offline";

/** Asks the server to misbehave. False where it did not take the order. */
export async function orderFault(kind: FaultKind, body?: { ms: number }): Promise<boolean> {
  return succeeds(`/api/faults/${kind}`, body);
}

async function succeeds(path: string, body?: object): Promise<boolean> {
  try {
    return (await post(path, body)).ok;
  } catch {
    return false;
  }
}

function post(path: string, body: object = {}): Promise<Response> {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Requested-With": "authsocket" },
    body: JSON.stringify(body),
  });
}
