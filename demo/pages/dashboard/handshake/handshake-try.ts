import { AuthSocket, AuthSocketError } from "authsocket";
import { io } from "socket.io-client";

/** The outcome of a handshake. `code` is the server's, or the client's own if nothing was sent. */
export type HandshakeResult =
  | { readonly kind: "accepted"; readonly after: number }
  | { readonly kind: "refused"; readonly code: string; readonly after: number }
  | { readonly kind: "notSent"; readonly code: string }
  | { readonly kind: "notTried" }
  | { readonly kind: "unreachable" };

/**
 * Tries one handshake with plain Socket.IO on a separate connection. The page's own is not affected.
 * `auth` is what the client sends. `after` in the result is in ms.
 */
export function tryHandshake(auth: { token?: string }): Promise<HandshakeResult> {
  const start = performance.now();
  const socket = io("/", { auth, forceNew: true, reconnection: false, transports: ["websocket"] });
  return new Promise<HandshakeResult>((resolve) => {
    const after = () => performance.now() - start;
    socket.on("connect", () => resolve({ kind: "accepted", after: after() }));
    socket.on("connect_error", (error) => {
      const code = codeOf(error);
      resolve(code === undefined ? { kind: "unreachable" } : { kind: "refused", code, after: after() });
    });
  }).finally(() => socket.disconnect());
}

/** Tries to make an AuthSocket with a token in its URL. It throws before anything is sent (S2). */
export function tryTokenInUrl(token: string): HandshakeResult {
  try {
    new AuthSocket(`/?token=${token}`, { refresh: "/api/refresh-token", autoConnect: false }).dispose();
    return { kind: "accepted", after: 0 };
  } catch (error) {
    if (error instanceof AuthSocketError) return { kind: "notSent", code: error.code };
    throw error;
  }
}

/** Tries to open an engine with a token in the query, as a careless client could. The server refuses it. */
export async function tryTokenInQuery(): Promise<HandshakeResult> {
  const start = performance.now();
  const { ok, status } = await fetch("/socket.io/?EIO=4&transport=polling&token=made-up");
  const after = performance.now() - start;
  return ok ? { kind: "accepted", after } : { kind: "refused", code: `HTTP ${status}`, after };
}

/** The token with one letter in the middle changed, so that the signature is wrong. */
export function tampered(token: string): string {
  const middle = Math.floor(token.length / 2);
  const letter = token[middle] === "A" ? "B" : "A";
  return token.slice(0, middle) + letter + token.slice(middle + 1);
}

function codeOf(error: Error): string | undefined {
  const data: unknown = Reflect.get(error, "data");
  const code: unknown = typeof data === "object" && data !== null ? Reflect.get(data, "code") : undefined;
  return typeof code === "string" ? code : undefined;
}
