/** The demo server's HTTP API. Every app has its like, with AuthSocket or without. */

/** @throws Error that says why nobody is signed in */
export async function login(
  username: string,
  password: string,
): Promise<{ token: string; expiresIn: number }> {
  const response = await fetch("/api/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ username, password }),
  });
  if (response.ok) return response.json();
  throw new Error(response.status === 401 ? "This name and password do not match." : "Try again later.");
}

/** Ends the refresh cookie. */
export async function logout(): Promise<void> {
  await fetch("/api/logout", { method: "POST" });
}
