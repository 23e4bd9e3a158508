/** The demo server's HTTP API: sign-in, sign-out, server sessions and faults. */

export type LoginAnswer =
  | { readonly ok: true; readonly accessToken: string; readonly expiresAt: number }
  | { readonly ok: false; readonly error: string };

/** Signs in. `expiresAt` is in ms since the epoch, by this page's clock. */
export async function login(username: string, password: string): Promise<LoginAnswer> {
  try {
    const response = await post("/api/login", { username, password });
    if (!response.ok) return { ok: false, error: refusalWords(response) };
    const { token, expiresIn } = await response.json();
    return { ok: true, accessToken: token, expiresAt: Date.now() + expiresIn * 1_000 };
  } catch {
    return { ok: false, error: unreachable };
  }
}

const unreachable = "The server cannot be reached. Please try again.";

/** Why a sign-in was refused, in words. */
export function refusalWords({ status, headers }: Response): string {
  switch (status) {
    case 400:
    case 401:
      return "This name and password do not match.";
    case 403:
      return "This account is suspended. An administrator can let you in again.";
    case 429: {
      const seconds = Number(headers.get("Retry-After"));
      return seconds > 0 ? `Too many attempts. Please wait ${seconds} s.` : "Too many attempts. Please wait.";
    }
    default:
      return unreachable;
  }
}

/** Ends the refresh session at the server. False if the server could not be reached. */
export async function logout(): Promise<boolean> {
  return succeeds("POST", "/api/logout");
}

/**
 * Ends every refresh session of this user, on all devices. False if the server did not do it. True also if the server knows no
 * session of this browser any more (401): a reload then signs nobody in.
 */
export async function logoutEverywhere(): Promise<boolean> {
  try {
    const { ok, status } = await send("POST", "/api/logout-everywhere");
    return ok || status === 401;
  } catch {
    return false;
  }
}

/** Ends the server session that the session cookie names. False if the server did not do it. */
export async function endServerSession(): Promise<boolean> {
  return succeeds("DELETE", "/api/session");
}

export type FaultKind =
  | "expire-token"
  | "keys-missing"
  | "refuse-role"
  | "verify-late"
  | "refresh-401"
  | "refresh-403"
  | "refresh-503"
  | "refresh-hang"
  | "cut"
  | "kick"
  | "offline";

/** Asks the server for a fault. False if the server did not accept the request. */
export async function orderFault(kind: FaultKind, body?: { ms: number }): Promise<boolean> {
  return succeeds("POST", `/api/faults/${kind}`, body);
}

async function succeeds(method: string, path: string, body?: object): Promise<boolean> {
  try {
    return (await send(method, path, body)).ok;
  } catch {
    return false;
  }
}

function post(path: string, body: object): Promise<Response> {
  return send("POST", path, body);
}

function send(method: string, path: string, body: object = {}): Promise<Response> {
  return fetch(path, {
    method,
    headers: { "Content-Type": "application/json", "X-Requested-With": "authsocket" },
    body: JSON.stringify(body),
  });
}
