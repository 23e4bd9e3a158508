import { AuthSession, AuthSocket, memoryStore, type TokenStore } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { issueToken, startAuthServer } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { plainSocket } from "../support/plain-socket.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { until, untilStatus } from "../support/states.ts";

const EXPIRED = issueToken({ lifetime: -1_000 });

/** A promise-like that settles as often as it likes. */
function thenable<T>(settle: (resolve: (value: T) => void, reject: (error: unknown) => void) => void) {
  // biome-ignore lint/suspicious/noThenProperty: it is the misbehaving promise that is tested
  return { then: settle } as unknown as Promise<T>;
}

function sessionOf(options: Partial<RefreshOptions>, clock = new SkippableClock()): AuthSession {
  const defaults = {
    refresh: async () => issueToken(),
    store: memoryStore({ accessToken: EXPIRED }),
    retry: { base: 1_000_000, max: 1_000_000 },
    refreshTimeout: 50,
  };
  return disposed(new AuthSession({ ...defaults, ...options }, clock));
}

type Answer = RefreshOptions["refresh"];

const FAILING: [string, Answer][] = [
  [
    "throws",
    () => {
      throw new Error("refresh threw");
    },
  ],
  ["rejects", () => Promise.reject(new Error("refresh rejected"))],
  ["never answers", () => new Promise(() => {})],
];

const DOUBLE: [string, Answer][] = [
  [
    "answers twice, and then fails,",
    () =>
      thenable((resolve, reject) => {
        resolve(issueToken());
        resolve(issueToken());
        reject(new Error("too late"));
      }),
  ],
  [
    "answers twice, later,",
    () =>
      thenable((resolve) => {
        setImmediate(() => {
          resolve(issueToken());
          setImmediate(() => resolve(issueToken()));
        });
      }),
  ],
];

function storeWith(load: TokenStore["load"]): TokenStore {
  return { load, save: () => {}, clear: () => {} };
}

const STORES: [string, TokenStore][] = [
  [
    "answers twice",
    storeWith(() =>
      thenable((resolve) => {
        resolve({ accessToken: EXPIRED });
        setImmediate(() => resolve({ accessToken: issueToken() }));
      }),
    ),
  ],
  [
    "throws",
    storeWith(() => {
      throw new Error("the store threw");
    }),
  ],
  ["rejects", storeWith(() => Promise.reject(new Error("the store rejected")))],
  ["never answers", storeWith(() => new Promise(() => {}))],
];

describe("T1 whatever answers for the token, there is one CONNECT, or one error", () => {
  it.each(DOUBLE)("T1 a refresh that %s makes one CONNECT", async (_, refresh) => {
    const server = await startAuthServer();
    const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh }) }));
    await auth.whenConnected();
    await server.quiet();
    expect(server).toMatchObject({ handshakes: 1, connections: 1, doubles: 0 });
    expect(server.connects).toHaveLength(1);
  });

  it.each(FAILING)("T1 a refresh that %s makes one error and no CONNECT", async (_, refresh) => {
    const server = await startAuthServer();
    const auth = disposed(
      new AuthSocket(server.url, { session: sessionOf({ refresh }), autoConnect: false }),
    );
    const errors = new Set<unknown>();
    auth.subscribe((state) => {
      if ("error" in state) errors.add(state.error);
    });
    auth.connect();
    await until(auth, (state) => "error" in state);
    await server.quiet();
    expect(errors.size).toBe(1);
    expect(server.connects).toEqual([]);
    expect(auth.state).toMatchObject({ status: "connecting", attempt: 1 });
  });

  it.each(FAILING)("T1 a refresh that %s leaves a connected sibling alone", async (_, refresh) => {
    const server = await startAuthServer();
    const auth = disposed(
      new AuthSocket(server.url, { session: sessionOf({ refresh }), autoConnect: false }),
    );
    const sibling = plainSocket(auth.socket, "/sibling", issueToken());
    await new Promise<void>((resolve) => sibling.once("connect", resolve).connect());
    const { id } = sibling;
    auth.connect();
    await until(auth, (state) => "error" in state);
    await server.quiet();
    expect(sibling.id).toBe(id);
    expect(server.handshakes).toBe(1);
    expect(server.connects).toHaveLength(1);
  });

  it.each(STORES)("T1 a store that %s makes one CONNECT", async (_, store) => {
    const server = await startAuthServer();
    const refresh = vi.fn(async () => issueToken());
    const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh, store }) }));
    await auth.whenConnected();
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connects).toHaveLength(1);
    expect(server).toMatchObject({ handshakes: 1, connections: 1, doubles: 0 });
    expect(server.tokens).not.toContain(EXPIRED);
  });

  it("B22 a token that comes after its deadline is taken", async () => {
    const server = await startAuthServer();
    const answer = deferred<string>();
    const auth = disposed(
      new AuthSocket(server.url, { session: sessionOf({ refresh: () => answer.promise }) }),
    );
    await until(auth, (state) => "error" in state);
    expect(auth.state.error).toMatchObject({ code: "refresh_timeout" });
    await server.quiet();
    expect(server.connects).toEqual([]);
    const late = issueToken();
    answer.resolve(late);
    await auth.whenConnected();
    expect(server.tokens).toEqual([late]);
  });
});

describe("T21 what is no token", () => {
  const NO_TOKENS: [string, unknown][] = [
    ["a number", 42],
    ["an object", { token: "x" }],
    ["an array", ["x"]],
    ["true", true],
    ["an empty text", ""],
    [`the word "undefined"`, "undefined"],
    [`the word "null"`, "null"],
    ["a megabyte of text", "x".repeat(1_000_000)],
    ["undefined", undefined],
  ];

  it.each(NO_TOKENS)("T21 %s in the store is not sent: a refresh brings a token", async (_, value) => {
    const server = await startAuthServer();
    const token = issueToken();
    const refresh = vi.fn(async () => token);
    const store = memoryStore({ accessToken: value as string });
    const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh, store }) }));
    await auth.whenConnected();
    expect(server.tokens).toEqual([token]);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalledWith(expect.objectContaining({ reason: "missing" }));
  });

  it.each(NO_TOKENS.filter(([, value]) => value !== undefined))(
    "T21 %s answered by the refresh is not sent: it is a transient error",
    async (_, value) => {
      const server = await startAuthServer();
      const clock = new SkippableClock();
      const good = issueToken();
      const refresh = vi
        .fn<() => Promise<string>>()
        .mockResolvedValueOnce(value as string)
        .mockResolvedValue(good);
      const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh }, clock) }));
      const { error } = await until(
        auth,
        (state): state is typeof state & { error: Error } => "error" in state,
      );
      expect(error).toMatchObject({ code: "invalid_response" });
      await clock.skip(500_000);
      await auth.whenConnected();
      expect(server.tokens).toEqual([good]);
    },
  );

  it.each(NO_TOKENS)("T21 %s within an answered token set is not sent either", async (_, value) => {
    const server = await startAuthServer();
    const refresh = async () => ({ accessToken: value as string });
    const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh }) }));
    const { error } = await until(
      auth,
      (state): state is typeof state & { error: Error } => "error" in state,
    );
    expect(error).toMatchObject({ code: "invalid_response" });
    await server.quiet();
    expect(server.connects).toEqual([]);
  });

  it.each([null, undefined])("T21 %s answered by the refresh ends the session", async (answer) => {
    const server = await startAuthServer();
    const refresh = async () => answer;
    const auth = disposed(new AuthSocket(server.url, { session: sessionOf({ refresh }) }));
    const { error } = await untilStatus(auth, "signedOut");
    expect(error).toMatchObject({ code: "session_expired" });
    expect(server.connects).toEqual([]);
  });
});
