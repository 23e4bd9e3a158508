import type { AuthSession, AuthSocket, TokenSet } from "authsocket";
import { createTestServer, type TestServer, type TestSocket } from "authsocket/testing";
import { holds, type Same } from "./same.ts";

interface FromApp {
  message: (text: string, delivered: (at: number) => void) => void;
  typing: () => void;
}

interface FromServer {
  news: (text: string) => void;
}

const server: TestServer<FromApp, FromServer> = createTestServer<FromApp, FromServer>({ guests: true });
const auth: AuthSocket<FromServer, FromApp> = server.socket({
  refresh: "/api/refresh-token",
  leeway: undefined,
});
const session: AuthSession = server.session({ retry: { max: 1_000 } });
const tokens: TokenSet = server.issue({ subject: "alice", lifetime: 60_000, claims: { role: "admin" } });
auth.socket.on("news", (text) => text.toUpperCase());

server.on("message", (text, delivered) => delivered(text.length));
server.on("connection", (socket: TestSocket<FromApp, FromServer>) => socket.emit("news", "hello"));
server.emit("news", "hello").toUser("alice").emit("news", "alice");

// What is received is listed less its acknowledgement.
const next: Promise<[]> = server.next("typing");
holds<Same<ReturnType<typeof server.received<"message">>, [text: string][]>>();

// @ts-expect-error: no event of the server's
server.emit("message", "hello");
// @ts-expect-error: no event of the app's
server.received("news");
// @ts-expect-error: not what it brings
server.emit("news", 1);
// @ts-expect-error: no code of the protocol
server.refuse("forbidden");

server.refuse("unavailable", { retryAfter: 1_000, subject: "alice" });
server.refuse(new Error("full"));
export const done: Promise<unknown>[] = [
  next,
  session.signIn(tokens),
  server.otherTab.signIn(tokens),
  server.otherTabOf(session).renew(),
  server.clock.advance(1),
  server.close(),
];
