import type { AuthSocket, TokenSet } from "authsocket";

/** A server and its refresh endpoint, in memory or real, and what can be done to them. */
export interface Stage {
  /** A client of it that has not connected yet. */
  readonly auth: AuthSocket;
  issue(options: { subject: string; lifetime: number }): TokenSet;
  emit(event: string, ...args: unknown[]): void;
  emitTo(namespace: string, event: string, ...args: unknown[]): void;
  received(event: string): unknown[][];
  kick(): void;
  cut(): void;
  drop(): void;
  offline(): Promise<void> | void;
  online(): Promise<void> | void;
  revoke(reason: string): void;
  refuse(code: string, retryAfter?: number): void;
  accept(): void;
  readonly refresh: { fail(status: number): void; hang(): void; work(): void };
  /** Lets time pass, and waits until nothing is on its way. */
  pass(ms: number): Promise<void>;
}

interface Scene {
  name: string;
  act(stage: Stage): Promise<unknown>;
}

const LIFETIME = 60_000;

/** The server takes no token for a moment, by that code, and the line breaks. */
function refusedBy(code: string, moment: number): Scene {
  return {
    name: `the server refuses by ${code} for ${moment} ms`,
    act: async ({ refuse, drop, pass, accept }) => {
      refuse(code);
      drop();
      await pass(moment);
      accept();
      await pass(60_000);
    },
  };
}

/** One evening with an AuthSocket. Every scene goes on from where the last one ended. */
const scenes: Scene[] = [
  { name: "connects, with nobody signed in", act: async ({ auth }) => auth.connect() },
  {
    name: "somebody signs in",
    act: ({ auth, issue }) => auth.session.signIn(issue({ subject: "alice", lifetime: LIFETIME })),
  },
  {
    name: "events go both ways",
    act: async ({ auth, emit }) => {
      auth.socket.emit("message", "hello", new Uint8Array([1, 2]));
      emit("news", "good");
    },
  },
  { name: "five minutes pass, and with them five tokens", act: ({ pass }) => pass(300_000) },
  { name: "the line breaks", act: async ({ drop }) => drop() },
  {
    name: "the line breaks, and something is written meanwhile",
    act: async ({ auth, drop, pass }) => {
      drop();
      await pass(100);
      auth.socket.emit("message", "written offline");
    },
  },
  { name: "a moment later the server disconnects it", act: ({ kick, pass }) => pass(12_000).then(kick) },
  { name: "the app connects it again", act: async ({ auth }) => auth.connect() },
  { name: "the server revokes it", act: async ({ revoke }) => revoke("signed out on another device") },
  { name: "the app connects it once more", act: async ({ auth }) => auth.connect() },
  {
    name: "the server is down for a while",
    act: async ({ refuse, drop, pass, accept }) => {
      refuse("unavailable", 5_000);
      drop();
      await pass(12_000);
      accept();
      await pass(30_000);
    },
  },
  refusedBy("token_revoked", 400),
  refusedBy("token_expired", 5_000),
  refusedBy("token_invalid", 70_000),
  refusedBy("token_missing", 20_000),
  { name: "the server cuts, as at the token's expiry", act: async ({ cut }) => cut() },
  {
    name: "the server cuts while the endpoint fails",
    act: async ({ cut, refresh, pass }) => {
      await pass(30_000);
      refresh.fail(500);
      cut();
      await pass(20_000);
      refresh.work();
      await pass(60_000);
    },
  },
  {
    name: "renewals are refused until the token's end",
    act: async ({ refuse, pass, accept }) => {
      refuse("token_revoked");
      await pass(70_000);
      accept();
      await pass(60_000);
    },
  },
  {
    name: "the network is gone for a minute and a half, and something is written meanwhile",
    act: async ({ auth, offline, online, pass }) => {
      await offline();
      await pass(100);
      auth.socket.emit("message", "written in the tunnel");
      await pass(90_000);
      await online();
      await pass(60_000);
    },
  },
  {
    name: "a namespace is connected beside it, and left",
    act: async ({ auth, drop, emitTo, pass }) => {
      const chat = auth.of("/chat").connect();
      await pass(100);
      chat.socket.emit("message", "in the chat");
      emitTo("/chat", "news", "for the chat");
      await pass(100);
      drop();
      await pass(20_000);
      chat.disconnect();
    },
  },
  {
    name: "the endpoint hangs until after the token's end, and works again",
    act: async ({ refresh, pass }) => {
      refresh.hang();
      await pass(90_000);
      refresh.work();
      await pass(60_000);
    },
  },
  {
    name: "the endpoint fails until after the token's end, and works again",
    act: async ({ refresh, pass }) => {
      refresh.fail(503);
      await pass(90_000);
      refresh.work();
      await pass(60_000);
    },
  },
  {
    name: "the app asks for a fresh token, and for a fresh connection",
    act: async ({ auth, pass }) => {
      await pass(12_000);
      await Promise.all([auth.session.getToken({ forceRefresh: true }), pass(100)]);
      await pass(12_000);
      auth.reconnect();
    },
  },
  {
    name: "somebody else signs in while something is unsent",
    act: async ({ auth, issue, offline, online, pass }) => {
      await offline();
      await pass(100);
      auth.socket.emit("message", "alice's, never to be sent");
      await online();
      await auth.session.signIn(issue({ subject: "carol", lifetime: LIFETIME }));
    },
  },
  {
    name: "somebody else signs in",
    act: ({ auth, issue }) => auth.session.signIn(issue({ subject: "bob", lifetime: LIFETIME })),
  },
  {
    name: "the user may not be here",
    act: async ({ refuse, drop, pass, accept }) => {
      refuse("insufficient_scope");
      drop();
      await pass(10_000);
      accept();
    },
  },
  { name: "the app asks again", act: async ({ auth }) => auth.connect() },
  {
    name: "the app disconnects, and connects",
    act: async ({ auth, pass }) => {
      auth.disconnect();
      await pass(100);
      auth.connect();
    },
  },
  { name: "the user signs out", act: ({ auth }) => auth.session.signOut() },
  {
    name: "the first user signs in again, and her session ends at the server",
    act: async ({ auth, issue, refresh, pass }) => {
      await auth.session.signIn(issue({ subject: "alice", lifetime: LIFETIME }));
      await pass(1_000);
      refresh.fail(401);
      await pass(120_000);
    },
  },
];

/** What is the same wherever it is played: no ids, no instants, no words for people. */
function plain(state: object): string {
  const { status, error, ...rest } = state as { status: string; error?: { code?: string } };
  const known = Object.entries(rest)
    .filter(([key]) => ["attempt", "recovered", "subject", "reason"].includes(key))
    .map(([key, value]) => `${key} ${value}`);
  return [status, ...known, ...(error ? [`error ${error.code}`] : [])].join(", ");
}

/** Plays the scenes, and tells what the app sees in each: the states of socket and session, in their order. */
export async function play(stage: Stage): Promise<Record<string, string[]>> {
  const told: Record<string, string[]> = {};
  let seen: string[] = [];
  const { auth } = stage;
  auth.subscribe((state) => seen.push(`socket: ${plain(state)}`));
  auth.session.subscribe((state) => seen.push(`session: ${plain(state)}`));
  const chat = auth.of("/chat");
  chat.subscribe((state) => seen.push(`chat: ${plain(state)}`));
  chat.socket.on("news", (text) => seen.push(`chat: ${text}`));
  // The times that the protocol's own events tell are not the same to the millisecond.
  const tell = (event: string, args: unknown[]) =>
    event.startsWith("auth:") ? event : [event, ...args].join(" ");
  auth.socket.onAny((event, ...args) => seen.push(`event: ${tell(event, args)}`));
  for (const { name, act } of scenes) {
    seen = [];
    await act(stage);
    await stage.pass(3_100); // at which no timer is due
    told[name] = seen;
  }
  // What was sent as somebody, and never as somebody else.
  told.received = stage.received("message").map((args) => JSON.stringify(args.slice(0, 1)));
  auth.dispose();
  return told;
}
