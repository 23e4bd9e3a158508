import { AuthSession, AuthSocketError, memoryStore, type TokenSet, type TokenStore } from "authsocket";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let worlds = 0;

/** A session, its store and its refresh function. */
class World {
  readonly time = new VirtualTime();
  readonly session: AuthSession;
  readonly endpoint: "works" | "fails" | "hangs" | "denies";
  /** What the store held at first. */
  readonly held: TokenSet | undefined;
  readonly store: TokenStore;
  refreshes = 0;

  /** @param lifetime of the token that is there, in ms; undefined: there is none */
  constructor(endpoint: World["endpoint"], lifetime?: number) {
    this.endpoint = endpoint;
    this.held = lifetime === undefined ? undefined : token("alice", lifetime);
    this.store = memoryStore(this.held);
    const refresh = async () => {
      this.refreshes++;
      if (this.endpoint === "hangs") await new Promise(() => {});
      if (this.endpoint === "fails") throw new Error("503");
      return this.endpoint === "denies" ? null : token("alice");
    };
    // By a name of its own: it waits for nobody's turn.
    const name = `machine ${++worlds}`;
    this.session = disposed(new AuthSession({ name, store: this.store, refresh, refreshTimeout: HOUR }));
  }

  async asked(): Promise<this> {
    quietly(this.session.getToken());
    await this.time.pass(1_000);
    return this;
  }
}

function token(subject: string, lifetime = HOUR): TokenSet {
  return { accessToken: issueToken({ subject, lifetime }) };
}

const quietly = (promise: Promise<unknown>) => void promise.catch(() => {});

/** By name, a session that has got there. */
const STATES: Record<string, () => Promise<World>> = {
  unknown: async () => new World("works"),
  "unknown, nobody": async () => new World("denies"),
  good: async () => new World("works", HOUR),
  expired: async () => new World("works", -MINUTE),
  "expired, over": async () => new World("denies", -MINUTE),
  refreshing: () => new World("hangs", -MINUTE).asked(),
  failing: () => new World("fails", -MINUTE).asked(),
  "signed out": () => new World("denies").asked(),
  left: async () => {
    const world = new World("works", HOUR);
    await world.session.signOut();
    return world;
  },
  disposed: async () => {
    const world = new World("works", HOUR);
    world.session.dispose();
    return world;
  },
};

/** By name, what the app asks for. */
const EVENTS: Record<string, (world: World) => Promise<unknown>> = {
  whenReady: ({ session }) => session.whenReady(),
  getToken: ({ session }) => session.getToken(),
  forceRefresh: ({ session }) => session.getToken({ forceRefresh: true }),
  rejected: async ({ session, held }) => session.getToken({ rejected: held?.accessToken ?? "another's" }),
  signIn: async ({ session }) => session.signIn(token("alice")),
  bob: async ({ session }) => session.signIn(token("bob")),
  signOut: ({ session }) => session.signOut(),
  "alice stored": async ({ store, session }) => {
    await store.save(token("alice"));
    return session.getToken();
  },
  "bob stored": async ({ store, session }) => {
    await store.save(token("bob"));
    return session.getToken();
  },
  "store emptied": async ({ store, session }) => {
    await store.clear();
    return session.getToken();
  },
  dispose: async ({ session }) => session.dispose(),
};

/** What a promise came to, in a word: the user of a token, a status or the code of an error. */
function told(outcome: unknown): string {
  if (outcome instanceof AuthSocketError) return outcome.code;
  if (typeof outcome === "string") return String(decodeJwt(outcome).sub);
  return outcome === undefined ? "done" : String(Object(outcome).status ?? outcome);
}

/** Somebody is there, or comes by a refresh. */
const SOMEBODY = {
  whenReady: "signedIn; signedIn alice",
  getToken: "alice; signedIn alice",
  forceRefresh: "alice; signedIn alice",
  rejected: "alice; signedIn alice",
  signOut: "done; signedOut",
  "store emptied": "alice; signedIn alice",
  dispose: "done; unknown",
};

const NOBODY = {
  whenReady: "signedOut; signedOut",
  getToken: "signed_out; signedOut",
  forceRefresh: "signed_out; signedOut",
  rejected: "signed_out; signedOut",
  signOut: "done; signedOut",
  "store emptied": "signed_out; signedOut",
  dispose: "done; signedOut",
};

/** What the promise has come to a minute later, and the session, by the state that it was in and by what was asked. */
const ENDS: Record<string, Record<string, string>> = {
  unknown: SOMEBODY,
  "unknown, nobody": { ...NOBODY, dispose: "done; unknown" },
  good: SOMEBODY,
  expired: SOMEBODY,
  "expired, over": {
    whenReady: "signedOut; signedOut session_expired",
    getToken: "session_expired; signedOut session_expired",
    forceRefresh: "session_expired; signedOut session_expired",
    rejected: "session_expired; signedOut session_expired",
    signOut: "done; signedOut",
    // Nobody has had that token here: the session was over before it was asked.
    "store emptied": "signed_out; signedOut",
    dispose: "done; unknown",
  },
  refreshing: {
    whenReady: "pending; refreshing alice",
    getToken: "pending; refreshing alice",
    forceRefresh: "pending; refreshing alice",
    rejected: "pending; refreshing alice",
    // It waits for what was sent, whose answer may bring a cookie (B10).
    signOut: "pending; signedOut",
    "store emptied": "pending; refreshing alice",
    dispose: "done; refreshing alice",
  },
  failing: {
    whenReady: "pending; waiting alice refresh_failed",
    getToken: "refresh_failed; waiting alice refresh_failed",
    forceRefresh: "refresh_failed; waiting alice refresh_failed",
    rejected: "refresh_failed; waiting alice refresh_failed",
    signOut: "done; signedOut",
    "store emptied": "refresh_failed; waiting alice refresh_failed",
    dispose: "done; waiting alice refresh_failed",
  },
  "signed out": NOBODY,
  left: NOBODY,
  disposed: {
    whenReady: "signed_out; unknown",
    getToken: "signed_out; unknown",
    forceRefresh: "signed_out; unknown",
    rejected: "signed_out; unknown",
    signIn: "signed_out; unknown",
    bob: "signed_out; unknown",
    signOut: "done; signedOut",
    "alice stored": "signed_out; unknown",
    "bob stored": "signed_out; unknown",
    "store emptied": "signed_out; unknown",
    dispose: "done; unknown",
  },
};

/** Who brings a token has it taken, whatever the session did before (B8, B16, B22). */
const WITH_A_TOKEN: Record<string, string> = {
  signIn: "done; signedIn alice",
  bob: "done; signedIn bob",
  "alice stored": "alice; signedIn alice",
  "bob stored": "bob; signedIn bob",
};

describe("B6 B10 B16 every question in every state of a session", () => {
  const cells = Object.entries(STATES).flatMap(([state, reach]) =>
    Object.entries(EVENTS).map(([event, happen]) => {
      const end = ENDS[state]?.[event] ?? WITH_A_TOKEN[event];
      return { state, reach, event, happen, end };
    }),
  );

  it.each(cells)("$state, $event: $end", async ({ state, reach, happen, end }) => {
    const world = await reach();
    const { session } = world;
    const before = world.refreshes;
    let outcome = "pending";
    happen(world).then(
      (value) => {
        outcome = told(value);
      },
      (error) => {
        outcome = told(error);
      },
    );
    await world.time.pass(MINUTE);
    const { status, subject, error } = session.state;
    expect(`${outcome}; ${[status, subject, error?.code].filter(Boolean).join(" ")}`).toBe(end);
    // Only `whenReady()` asks again, by itself, where it failed.
    if (state !== "failing") expect(world.refreshes - before).toBeLessThanOrEqual(1);
  });
});
