import { type AuthSocket, memoryStore, type TokenSet } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const MINUTE = 60_000;

let opaque = 0;

/** And how many refreshes they may cost in a minute: one a token, and none within ten seconds of the last one unless it is due. */
const TOKENS: [string, number, () => string][] = [
  ["an hour", 1, () => issueToken()],
  ["a quarter of a minute", 6, () => issueToken({ lifetime: 15_000 })],
  ["five seconds", 20, () => issueToken({ lifetime: 5_000 })],
  ["unknown life", 1, () => `opaque-${++opaque}`],
];

/** T13: three an attempt of the app's in ten seconds, each with one of the client's own; and one with each newer token. */
const MOST_CONNECTS = 42;

/** What a server does to whoever comes. */
const SERVERS: [string, (server: VirtualServer) => void][] = [
  ["disconnects at once", ({ io }) => io.on("connection", (socket) => socket.disconnect())],
  ["refuses", ({ io }) => io.use((_, next) => next(new Refusal("Authentication error")))],
];

/** How apps make a socket come back that Socket.IO leaves alone. */
const APPS: [string, (auth: AuthSocket) => void, asksBeyond?: "beyond the budget"][] = [
  [
    "Socket.IO's own snippet",
    ({ socket }) => {
      socket.on("disconnect", (reason) => {
        if (reason === "io server disconnect") socket.connect();
      });
    },
  ],
  [
    "connect() at every refused state",
    (auth) => {
      auth.subscribe(({ status }) => {
        if (status === "refused") auth.connect();
      });
    },
  ],
  [
    "disconnect() and connect() at every refused state",
    (auth) => {
      auth.subscribe(({ status }) => {
        if (status === "refused") auth.disconnect().connect();
      });
    },
  ],
  [
    "reconnect() at every token_rejected",
    (auth) => {
      auth.subscribe(({ error }) => {
        if (error?.code === "token_rejected") auth.reconnect();
      });
    },
  ],
  [
    "reconnect() at every refused state",
    (auth) => {
      auth.subscribe(({ status }) => {
        if (status === "refused") auth.reconnect();
      });
    },
    "beyond the budget",
  ],
  [
    "a forced refresh and connect() at every refused state",
    (auth) => {
      auth.subscribe(({ status }) => {
        if (status !== "refused") return;
        const connect = () => void auth.connect();
        auth.session.getToken({ forceRefresh: true }).then(connect, connect);
      });
    },
    "beyond the budget",
  ],
  [
    "signIn() with the same token at every refused state",
    (auth) => {
      auth.subscribe(({ status }) => {
        const { token } = auth.session;
        if (status === "refused" && token !== undefined) void auth.session.signIn(token);
      });
    },
  ],
  [
    "connect() every second",
    ({ socket }) => {
      setInterval(() => socket.connect(), 1_000);
    },
  ],
];

/** The most that happened within any minute. */
function mostInAMinute(instants: number[]): number {
  return Math.max(
    0,
    ...instants.map((from) => instants.filter((at) => at >= from && at < from + MINUTE).length),
  );
}

describe.each(APPS)("%s", (_, insist, asksBeyond) => {
  describe.each(SERVERS)("where a server always %s", (_, treat) => {
    it.each(TOKENS)(
      "T13 B27 a token of %s: few attempts, and no more than %i refreshes a minute",
      async (_, most, issue) => {
        const time = new VirtualTime();
        const server = new VirtualServer(time);
        treat(server);
        const refreshes: number[] = [];
        const refresh = async () => {
          refreshes.push(Date.now());
          return issue();
        };
        const clear = vi.fn();
        const store = { ...memoryStore({ accessToken: issue() }), clear };
        const auth = server.connect({ session: { refresh, store } });
        insist(auth);
        await time.pass(5 * MINUTE);
        expect(server.connects.length).toBeGreaterThan(1);
        expect(mostInAMinute(server.connects)).toBeLessThanOrEqual(MOST_CONNECTS);
        // What the app forces is not counted (B27).
        expect(mostInAMinute(refreshes)).toBeLessThanOrEqual(asksBeyond ? MOST_CONNECTS : most);
        if (most === 1 && !asksBeyond) expect(refreshes).toHaveLength(1);
        expect(clear).not.toHaveBeenCalled();
        expect(auth.session.state.status).not.toBe("signedOut");
      },
    );
  });
});

describe.each(SERVERS)(
  "a store that brings another token at each look, where a server always %s",
  (_, treat) => {
    it.each<[string, (tokens: TokenSet) => TokenSet | Promise<TokenSet>]>([
      ["at once", (tokens) => tokens],
      ["later", async (tokens) => tokens],
    ])("T13 B15 %s: few attempts a minute", async (_, load) => {
      const time = new VirtualTime();
      const server = new VirtualServer(time);
      treat(server);
      const store = { load: () => load({ accessToken: issueToken() }), save() {}, clear() {} };
      server.connect({ session: { store } });
      await time.pass(5 * MINUTE);
      expect(server.connects.length).toBeGreaterThan(1);
      expect(mostInAMinute(server.connects)).toBeLessThanOrEqual(MOST_CONNECTS);
    });
  },
);
