/**
 * A `fetch` that keeps one cookie per path, as a browser does. A cookie that is set on
 * the way to /login/alice is sent to /refresh/alice.
 */
export function cookieFetch(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  const cookies = new Map<string, string>();
  return async (input, init) => {
    const { pathname } = new URL(String(input));
    const headers = new Headers(init?.headers);
    const cookie = cookies.get(pathname);
    if (cookie !== undefined) headers.set("Cookie", cookie);
    const response = await fetch(input, { ...init, headers });
    const [, value, path] = /^([^;]+).*Path=([^;]+)/.exec(response.headers.get("Set-Cookie") ?? "") ?? [];
    if (value !== undefined && path !== undefined) cookies.set(path, value);
    return response;
  };
}
