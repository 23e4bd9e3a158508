import { memoryStore } from "authsocket";
import { AuthError, authenticate } from "authsocket/server";
import { decodeJwt } from "jose";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal, verify } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const MINUTE = 60_000;

/** ms after the loss of the line until Socket.IO tries again, at most. */
const RECONNECT = 1_500;

/** ms that a refresh takes. */
const REFRESH = 20;

/** The keys that tokens are verified with. */
class Keys {
  /** Whether nobody can tell. */
  areMissing = false;
  /** Tokens that were issued before are signed with other keys. */
  since = 0;

  claims(token: unknown): { sub: string; exp: number } {
    if (this.areMissing) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    verify(token);
    const claims = decodeJwt<{ iat: number; exp: number; sub: string }>(String(token));
    if (claims.iat * 1_000 < this.since) throw new AuthError("token_invalid");
    return claims;
  }
}

type Guard = (server: VirtualServer, keys: Keys) => void;

const withAuthSocket: Guard = ({ io }, keys) => {
  const identify = async (token: string) => {
    const { sub: subject, exp } = keys.claims(token);
    return { subject, expiresAt: exp * 1_000, claims: undefined };
  };
  authenticate(io, { verify: identify, onEvent: () => {} });
};

/** As in the tutorials: whatever goes wrong, it is the token's fault. */
function byHand(refusal: Refusal): Guard {
  return ({ io }, keys) => {
    io.use(({ handshake }, next) => {
      try {
        keys.claims(handshake.auth.token);
        next();
      } catch {
        next(refusal);
      }
    });
  };
}

const UNAUTHORIZED = byHand(new Refusal("Unauthorized", { status: 401 }));
const WORDS = byHand(new Refusal("Authentication error"));

/** A server, and clients that are connected to it with good tokens. */
async function crowd(size: number, lifetime: number, guard: Guard) {
  const time = new VirtualTime();
  const server = new VirtualServer(time);
  const keys = new Keys();
  guard(server, keys);
  const clients = Array.from({ length: size }, (_, number) => {
    const issue = () => issueToken({ subject: `user ${number}`, lifetime });
    const refresh = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, REFRESH));
      return issue();
    });
    const clear = vi.fn();
    const store = { ...memoryStore({ accessToken: issue() }), clear };
    const auth = server.connect({ session: { refresh, store } });
    const connected: number[] = [];
    auth.socket.on("connect", () => connected.push(Date.now()));
    return { auth, refresh, clear, connected };
  });
  await time.pass(1_000);
  for (const { auth, connected } of clients) {
    expect(auth.state.status).toBe("connected");
    connected.length = 0;
  }
  return { time, server, keys, clients };
}

/** The most that came within any 100 ms. */
function peak(instants: number[]): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let first = 0;
  return Math.max(
    ...sorted.map((at, index) => {
      while ((sorted[first] ?? at) <= at - 100) first++;
      return index - first + 1;
    }),
  );
}

const HOUR = 60 * MINUTE;

describe("a server that cannot verify tokens for a minute", { timeout: 180_000 }, () => {
  it.each([
    // Half a minute between two attempts, at most (B6).
    ["authsocket/server: nobody refreshes, and all", withAuthSocket, HOUR, 0, MINUTE / 2],
    // A minute (B7).
    ["a server that says 401: one refresh, and all", UNAUTHORIZED, HOUR, 1, MINUTE],
    // Without a code, the next token is tried, when it is due (B15).
    ["a server that gives no code: two refreshes, and all", WORDS, 5 * MINUTE, 2, 5 * MINUTE],
  ])(
    "B7 B15 V1 %s of 200 come back by themselves, one after the other",
    async (_, guard, lifetime, most, within) => {
      const { time, server, keys, clients } = await crowd(200, lifetime, guard);
      keys.areMissing = true;
      server.drop();
      await time.pass(MINUTE);
      expect(clients.flatMap(({ connected }) => connected)).toEqual([]);
      keys.areMissing = false;
      await time.pass(within);
      const connected = clients.flatMap(({ connected }) => connected);
      expect(connected).toHaveLength(clients.length);
      expect(peak(connected)).toBeLessThanOrEqual(clients.length / 5);
      for (const { auth, refresh, clear } of clients) {
        expect(auth.state.status).toBe("connected");
        expect(auth.session.state.status).toBe("signedIn");
        expect(refresh.mock.calls.length).toBeLessThanOrEqual(most);
        expect(clear).not.toHaveBeenCalled();
      }
    },
  );
});

describe("a server that was started anew with other keys", () => {
  it.each([
    ["authsocket/server", withAuthSocket],
    ["a server that says 401", UNAUTHORIZED],
    ["a server that gives no code", WORDS],
  ])("B7 B15 with %s: a hundred clients are back after one refresh each", async (_, guard) => {
    const { time, server, keys, clients } = await crowd(100, HOUR, guard);
    keys.since = Date.now();
    server.drop();
    await time.pass(RECONNECT + 1_000);
    for (const { auth, refresh, connected, clear } of clients) {
      expect(auth.state.status).toBe("connected");
      expect(connected).toHaveLength(1);
      expect(refresh).toHaveBeenCalledTimes(1);
      expect(clear).not.toHaveBeenCalled();
    }
    expect(server.connects).toHaveLength(300);
  });
});
