import {
  AuthSession,
  type AuthSessionOptions,
  AuthSocket,
  AuthSocketError,
  type AuthSocketOptions,
  isTokenRefused,
  memoryStore,
  type Refresh,
  type TokenStore,
  webStorageStore,
} from "authsocket";

const refresh = "/api/refresh-token";
const session = new AuthSession({ refresh });

// Every way to name a refresh.
new AuthSession({ refresh: new URL("https://api.example/r") });
new AuthSession({ refresh: { url: refresh } });
new AuthSession({ refresh: { url: new URL("https://api.example/r"), headers: { "X-CSRF": "1" } } });
new AuthSession({ refresh: { url: refresh, headers: () => [["X-CSRF", "1"]] } });
new AuthSession({ refresh: async () => "token" });
new AuthSession({ refresh: async () => null });
new AuthSession({ refresh: async () => ({ accessToken: "token", expiresAt: 1 }) });
const told: Refresh = async ({ token, refreshToken, reason, signal }) =>
  reason === "missing" || signal.aborted ? null : `${token}${refreshToken}`;
new AuthSession({ refresh: told });

// Everything that may be given.
const full: AuthSessionOptions = {
  refresh,
  store: webStorageStore("jwt"),
  leeway: 0,
  jitter: 0,
  refreshTimeout: 1_000,
  retry: { base: 0 },
  subject: ({ sub, email }) => sub ?? String(email),
  fetch,
  allowInsecure: true,
};
new AuthSocket("/", {
  ...full,
  autoConnect: false,
  io: { transports: ["websocket"], retries: 3, query: { v: "1" } },
});
new AuthSocket(new URL("https://chat.example"), {
  session,
  autoConnect: false,
  allowInsecure: true,
  isTokenRefused: (error) => error.message === "E_TOKEN" || isTokenRefused(error),
});

// Stores, synchronous and not.
memoryStore();
memoryStore({ accessToken: "token" });
const asynchronous: TokenStore = {
  load: async () => null,
  save: async ({ accessToken }) => void accessToken,
  clear: async () => {},
};
new AuthSession({ refresh, store: asynchronous });

// @ts-expect-error: refresh is the one option without a default
new AuthSession({});
// @ts-expect-error: so it is for a socket with a session of its own
new AuthSocket("/", { autoConnect: false });
// @ts-expect-error: options are not optional
new AuthSocket("/");
// @ts-expect-error: a session brings its own refresh
new AuthSocket("/", { session, refresh });
// @ts-expect-error: a session brings its own store
new AuthSocket("/", { session, store: memoryStore() });
// @ts-expect-error: a session brings its own leeway
new AuthSocket("/", { session, leeway: 0 });
// @ts-expect-error: a session is an AuthSession
new AuthSocket("/", { session: {} });
// @ts-expect-error: the auth option is AuthSocket's
new AuthSocket("/", { refresh, io: { auth: { token: "token" } } });
// @ts-expect-error: autoConnect stands beside io
new AuthSocket("/", { refresh, io: { autoConnect: false } });
// @ts-expect-error: every AuthSocket has its own Manager
new AuthSocket("/", { refresh, io: { forceNew: true } });
// @ts-expect-error: every AuthSocket has its own Manager
new AuthSocket("/", { refresh, io: { multiplex: false } });
// @ts-expect-error: no such option
new AuthSocket("/", { refresh, tokens: "token" });
// @ts-expect-error: no such option of a session
new AuthSession({ refresh, autoConnect: false });
// @ts-expect-error: durations are numbers of ms
new AuthSession({ refresh, leeway: "60s" });
new AuthSession({ refresh: () => "token" });
new AuthSession({ refresh: async () => undefined });
// @ts-expect-error: a refresh function answers a token, or nothing
new AuthSession({ refresh: async () => 7 });
// @ts-expect-error: a token set has an access token
new AuthSession({ refresh: async () => ({ refreshToken: "token" }) });
// @ts-expect-error: a store can save and clear
new AuthSession({ refresh, store: { load: () => null } });
// @ts-expect-error: a subject is a text
new AuthSession({ refresh, subject: () => 7 });
new AuthSession({ refresh: { url: refresh, method: "GET" } });
// @ts-expect-error: a refresh request is a POST or a GET
new AuthSession({ refresh: { url: refresh, method: "PUT" } });
// @ts-expect-error: codes are a closed set
new AuthSocketError("expired");
// @ts-expect-error: a token set has an access token
void session.signIn({ refreshToken: "token" });
// @ts-expect-error: a session's state is for reading
session.state = { status: "signedOut" };
const typed: AuthSocketOptions = { session };
void typed;
