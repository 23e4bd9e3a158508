/** The demo server's HTTP API. Every app has its like, with AuthSocket or without. */
import { refusalWords } from "../pages/dashboard/server/demo-api.ts";

/** @throws Error that says why nobody is signed in */
export async function login(
  username: string,
  password: string,
): Promise<{ token: string; expiresIn: number }> {
  const response = await post("/api/login", { username, password });
  if (!response.ok) throw new Error(refusalWords(response));
  return response.json();
}

/**
 * Ends the refresh cookie. Call it before `session.signOut()`: with that cookie, a reload would sign the user in again.
 *
 * @throws Error that says why the user is still signed in
 */
export async function logout(): Promise<void> {
  const isDone = await post("/api/logout", {}).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!isDone) throw new Error("The server cannot be reached: you are still signed in. Please try again.");
}

async function post(path: string, body: object): Promise<Response> {
  try {
    return await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch (cause) {
    throw new Error("The server cannot be reached. Please try again.", { cause });
  }
}

/** What went wrong, for the user. */
export function complaintOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
