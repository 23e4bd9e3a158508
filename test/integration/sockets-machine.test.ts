import { type AuthSocket, type AuthSocketState, memoryStore, type TokenSet } from "authsocket";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { issueToken, Refusal } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const MINUTE = 60_000;

/** A connection, and what its server and its refresh endpoint do. */
class World {
  readonly time = new VirtualTime();
  readonly server = new VirtualServer(this.time);
  readonly auth: AuthSocket;
  endpoint: "works" | "fails" | "hangs" | "denies" = "works";
  /** What the server refuses each CONNECT with. */
  refusal: object | undefined;

  constructor({ isSignedIn = true, hasQueue = false }: { isSignedIn?: boolean; hasQueue?: boolean } = {}) {
    this.server.io.use((_, next) => next(this.refusal && new Refusal("no", this.refusal)));
    const refresh = async () => {
      if (this.endpoint === "hangs") await new Promise(() => {});
      if (this.endpoint === "fails") throw new Error("503");
      return this.endpoint === "denies" ? null : this.token("alice");
    };
    const store = memoryStore(isSignedIn ? this.token("alice") : undefined);
    this.auth = this.server.connect({
      session: { store, refresh, refreshTimeout: 10 * MINUTE },
      socket: { autoConnect: false, io: hasQueue ? { retries: 3, ackTimeout: 1_000 } : {} },
    });
  }

  token(subject: string): TokenSet {
    return { accessToken: issueToken({ subject }) };
  }

  /** The users who are connected at the server, as their tokens name them. */
  get users(): (string | undefined)[] {
    return [...this.server.io.of("/").sockets.values()].map(
      ({ handshake }) => decodeJwt(handshake.auth.token).sub,
    );
  }

  async connected(): Promise<this> {
    this.auth.connect();
    await this.time.pass(30_000);
    return this;
  }
}

/** By name, a connection that has got there. */
const STATES: Record<string, () => Promise<World>> = {
  idle: async () => new World(),
  opening: async () => {
    const world = new World();
    world.auth.connect();
    return world;
  },
  "awaiting a token": async () => {
    const world = new World({ isSignedIn: false });
    world.endpoint = "hangs";
    world.auth.connect();
    await world.time.pass(100);
    return world;
  },
  "waiting for a token": async () => {
    const world = new World({ isSignedIn: false });
    world.endpoint = "fails";
    return world.connected();
  },
  delayed: async () => {
    const world = new World();
    world.refusal = { code: "unavailable", retryAfter: 10 * MINUTE };
    return world.connected();
  },
  "backing off": async () => {
    const world = new World();
    world.refusal = { code: "token_expired" };
    return world.connected();
  },
  connected: () => new World().connected(),
  "signed out": async () => {
    const world = new World({ isSignedIn: false });
    world.endpoint = "denies";
    return world.connected();
  },
  forbidden: async () => {
    const world = new World();
    world.refusal = { code: "insufficient_scope" };
    return world.connected();
  },
  kicked: async () => {
    const world = await new World().connected();
    world.server.io.disconnectSockets();
    await world.time.pass(1_000);
    return world;
  },
  revoked: async () => {
    const world = await new World().connected();
    revoke(world);
    await world.time.pass(1_000);
    return world;
  },
  "another's": async () => {
    const world = await new World({ hasQueue: true }).connected();
    void world.auth.session.signIn(world.token("bob"));
    await world.time.pass(1_000);
    return world;
  },
};

function revoke({ server }: World): void {
  server.io.emit("auth:revoked", { reason: "suspended" });
  server.io.disconnectSockets();
}

const quietly = (promise: Promise<unknown>) => void promise.catch(() => {});

/** By name, what happens. */
const EVENTS: Record<string, (world: World) => void> = {
  nothing: () => {},
  connect: ({ auth }) => auth.connect(),
  disconnect: ({ auth }) => auth.disconnect(),
  reconnect: ({ auth }) => auth.reconnect(),
  refresh: ({ auth }) => quietly(auth.session.getToken({ forceRefresh: true })),
  signIn: ({ auth, token }) => quietly(auth.session.signIn(token("alice"))),
  bob: ({ auth, token }) => quietly(auth.session.signIn(token("bob"))),
  signOut: ({ auth }) => quietly(auth.session.signOut()),
  lost: ({ server }) => server.drop(),
  cut: ({ server }) => void server.io.disconnectSockets(),
  revoke,
  dispose: ({ auth }) => auth.dispose(),
};

/** The app leaves, or the user. */
const LEAVING = { disconnect: "idle", signOut: "signedOut", dispose: "idle" };

/** Somebody signs in. */
const SIGNING_IN = { signIn: "connected alice", bob: "connected bob" };

/** The app asks for it. */
const CONNECTING = { connect: "connected alice", reconnect: "connected alice" };

/** Where a connection is a minute later, by the state that it was in and by what happened; as a rule, where it was. */
const ENDS: Record<string, { asARule: string } & Record<string, string>> = {
  idle: { asARule: "idle", ...CONNECTING },
  opening: { asARule: "connected alice", ...LEAVING, bob: "connected bob" },
  "awaiting a token": { asARule: "connecting", ...LEAVING, ...SIGNING_IN },
  "waiting for a token": { asARule: "connecting refresh_failed", ...LEAVING, ...SIGNING_IN },
  delayed: { asARule: "connecting", ...LEAVING },
  "backing off": { asARule: "connecting token_rejected", ...LEAVING },
  connected: {
    asARule: "connected alice",
    ...LEAVING,
    bob: "connected bob",
    cut: "refused kicked",
    revoke: "refused revoked",
  },
  "signed out": { asARule: "signedOut", ...LEAVING, ...SIGNING_IN },
  forbidden: { asARule: "refused forbidden", ...LEAVING },
  kicked: { asARule: "refused kicked", ...LEAVING, ...SIGNING_IN, ...CONNECTING },
  revoked: { asARule: "refused revoked", ...LEAVING, ...SIGNING_IN, ...CONNECTING },
  // Its queue cannot be emptied (T6): nothing brings it back.
  "another's": { asARule: "refused user_changed" },
};

/** In words: its status, and why, or who is connected. */
function stand({ auth, users }: World): string {
  const { status, error }: AuthSocketState = auth.state;
  return [status, error?.code, ...users].filter(Boolean).join(" ");
}

describe("B11 B16 every event in every state", () => {
  const cells = Object.entries(STATES).flatMap(([state, reach]) =>
    Object.entries(EVENTS).map(([event, happen]) => {
      const ends: Record<string, string> = ENDS[state] ?? {};
      const end = ends[event] ?? ends.asARule ?? "";
      return { state, reach, event, happen, end };
    }),
  );

  it.each(cells)("$state, $event: $end", async ({ state, reach, happen, end }) => {
    const world = await reach();
    // It is where it is said to be, if only for now.
    if (state !== "opening") expect(stand(world)).toBe(ENDS[state]?.asARule);
    happen(world);
    await world.time.pass(MINUTE);
    expect(stand(world)).toBe(end);
    expect(world.auth.socket.connected).toBe(end.startsWith("connected"));
  });
});
