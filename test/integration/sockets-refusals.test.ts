import { AuthSession, AuthSocket, isTokenRefused, memoryStore, type TokenSet } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { issueToken, Refusal, startAuthServer, verify } from "../support/auth-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import type { RefreshOptions } from "../support/refresh-options.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

const TOKEN_CODES = ["token_missing", "token_invalid", "token_expired", "token_revoked"];

function sessionWith(options: Partial<RefreshOptions> = {}) {
  const token = issueToken();
  const clock = new SkippableClock();
  const refresh = vi.fn(async () => issueToken());
  const store = memoryStore({ accessToken: token });
  const session = disposed(
    new AuthSession({ refresh, store, retry: { base: 1, max: 1 }, ...options }, clock),
  );
  return { session, token, clock, refresh, store };
}

function refuse(code: string): () => void {
  return () => {
    throw new Refusal("refused", { code });
  };
}

describe("B7 refused tokens", () => {
  it.each(TOKEN_CODES)("B7 the first refusal (%s) costs one refresh and one retry at once", async (code) => {
    const server = await startAuthServer();
    const { session, token, clock, refresh } = sessionWith();
    server.admit = (sent) => {
      if (sent === token) refuse(code)();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    const statuses = recordStatuses(auth);
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalledWith(expect.objectContaining({ reason: "rejected", token }));
    expect(server.connects).toHaveLength(2);
    expect(statuses).toEqual(["connecting", "connected"]);
    expect(clock.next).toBeGreaterThan(1_000);
  });

  it.each([
    ["by its code", () => refuse("token_expired")()],
    [
      "without a code",
      () => {
        throw new Error("no");
      },
    ],
  ])(
    "B7 the first refusal %s costs one retry at once also after signIn() and connect() on a refused socket",
    async (_, refuseStale) => {
      const server = await startAuthServer();
      const { session, token, refresh } = sessionWith();
      const stale = issueToken();
      server.admit = (sent) => {
        if (sent === token) refuse("insufficient_scope")();
        if (sent === stale) refuseStale();
      };
      const auth = disposed(new AuthSocket(server.url, { session }));
      await untilStatus(auth, "refused");
      await session.signIn(stale);
      const statuses = recordStatuses(auth);
      await auth.connect().whenConnected();
      expect(refresh).toHaveBeenCalledOnce();
      expect(statuses).toEqual(["refused", "connecting", "connected"]);
    },
  );

  it.each<[string, (auth: AuthSocket) => void]>([
    ["disposes of the socket", (auth) => auth.dispose()],
    ["disconnects", (auth) => auth.disconnect()],
  ])("B11 a listener that %s as its token is being replaced is not undone", async (_, leave) => {
    const server = await startAuthServer();
    const { session, token } = sessionWith();
    server.admit = (sent) => {
      if (sent === token) refuse("token_expired")();
    };
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    session.subscribe(({ status }) => {
      if (status === "refreshing") leave(auth);
    });
    auth.connect();
    await server.until(() => server.connects.length === 1);
    await untilStatus(session, "refreshing");
    await untilStatus(session, "signedIn");
    await server.quiet();
    expect(auth.state.status).toBe("idle");
    expect(server.sockets()).toEqual([]);
  });

  it("B11 isTokenRefused that disconnects is not undone", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_expired");
    const { session } = sessionWith();
    const auth: AuthSocket = disposed(
      new AuthSocket(server.url, {
        session,
        isTokenRefused: () => {
          auth.disconnect();
          return true;
        },
      }),
    );
    await untilStatus(auth, "idle");
    await server.quiet();
    expect(auth.state.status).toBe("idle");
    expect(server.connects).toHaveLength(1);
  });

  it("B7 B11 connect() in a listener, as the token of a retry that nobody sees is replaced, does not block it", async () => {
    const server = await startAuthServer();
    const { session, token } = sessionWith();
    server.admit = refuse("insufficient_scope");
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "refused");
    server.admit = (sent) => {
      if (sent === token) refuse("token_expired")();
    };
    session.subscribe(({ status }) => {
      if (status === "refreshing") auth.connect();
    });
    await session.signIn(token);
    await untilStatus(auth, "connected");
    expect(server.connects).toHaveLength(3);
  });

  it("B14 connect() during a retry that nobody sees is seen, and waited for", async () => {
    const server = await startAuthServer();
    const { session, token } = sessionWith();
    server.admit = refuse("insufficient_scope");
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "refused");
    const admitted = deferred<void>();
    server.admit = () => admitted.promise;
    await session.signIn(token);
    await server.until(() => server.connects.length === 2);
    expect(auth.state.status).toBe("refused");
    expect(auth.connect().state.status).toBe("connecting");
    const connected = auth.whenConnected();
    admitted.resolve();
    await connected;
  });

  it("B7 a server that refuses everything costs one refresh, and ends nothing", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh, store, token } = sessionWith({ retry: { base: 60_000 } });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await expect(auth.whenConnected()).rejects.toMatchObject({
      code: "token_rejected",
      cause: { data: { code: "token_invalid" } },
    });
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "token_rejected" } });
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connects).toHaveLength(2);
    expect(session.state.status).toBe("signedIn");
    const fresh = await session.getToken();
    expect(server.tokens).toEqual([token, fresh]);
    expect(store.load()).toMatchObject({ accessToken: fresh });
  });

  it("B7 a whenConnected() that is called later waits for the next attempt", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, clock } = sessionWith({ retry: { base: 10_000 } });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "token_rejected" });
    const later = auth.whenConnected();
    server.admit = verify;
    await clock.skip(10_000);
    await later;
  });

  it("B7 the attempts with a fresh token back off, doubling from retry.base to a minute", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh, clock } = sessionWith({ retry: { base: 5_000, max: 1_000 } });
    clock.chance = 1 - Number.EPSILON;
    const auth = disposed(new AuthSocket(server.url, { session }));
    const waits: number[] = [];
    for (let attempt = 2; attempt <= 7; attempt++) {
      await server.until(() => server.connects.length === attempt);
      const { retryAt } = await until(
        auth,
        (state): state is typeof state & { retryAt: number } => "retryAt" in state,
      );
      waits.push(Math.ceil((retryAt - clock.now()) / 1_000));
      await clock.skip(retryAt - clock.now());
    }
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B7 with the default backoff there are never more than seven attempts in ten seconds", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, clock, refresh } = sessionWith({ retry: {} });
    clock.chance = 0;
    const auth = disposed(new AuthSocket(server.url, { session }));
    await expect(auth.whenConnected()).rejects.toThrow();
    for (let second = 0; second < 10; second++) {
      await clock.skip(1_000);
      await server.quiet();
    }
    expect(server.connects.length).toBeLessThanOrEqual(7);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it.each<[string, (tokens: TokenSet) => TokenSet | Promise<TokenSet>]>([
    ["at once", (tokens) => tokens],
    ["later", async (tokens) => tokens],
  ])("T13 B7 a store that brings another token at each look, %s, makes no loop", async (_, load) => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const store = { load: () => load({ accessToken: issueToken() }), save() {}, clear() {} };
    const { session, clock } = sessionWith({ store, retry: {} });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await until(auth, ({ error }) => error?.code === "token_rejected");
    await server.quiet();
    expect(server.connects).toHaveLength(4);
    for (const wait of [2_000, 4_000]) await clock.skip(wait).then(() => server.quiet());
    expect(server.connects).toHaveLength(12);
  });

  it("B7 eight namespaces refused with one token cost one refresh", async () => {
    const server = await startAuthServer();
    const { session, token, refresh } = sessionWith();
    server.admit = (sent) => {
      if (sent === token) refuse("token_revoked")();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.connects).toHaveLength(16);
    expect(server.connections).toBe(8);
  });

  it("B7 eight namespaces that are always refused cost one refresh, and back off", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh } = sessionWith({ retry: { base: 60_000 } });
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    await Promise.all(sockets.map((socket) => until(socket, (state) => "retryAt" in state)));
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(new Set(server.tokens).size).toBe(2);
    expect(server.connects.length).toBeLessThanOrEqual(16);
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "token_rejected" } });
    expect(session.state.status).toBe("signedIn");
  });

  it("B7 a namespace whose refusal comes late costs no second refresh", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock, token } = sessionWith({ retry: { base: 1_000 } });
    const late = deferred<void>();
    server.admit = async (sent, { nsp }) => {
      if (sent === token && nsp.name === "/late") await late.promise;
      refuse("token_invalid")();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    const other = auth.of("/late");
    await until(auth, ({ error }) => error?.code === "token_rejected");
    late.resolve();
    await until(other, ({ error }) => error?.code === "token_rejected");
    for (let second = 0; second < 12; second++) {
      await clock.skip(1_000);
      await server.quiet();
    }
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B7 an accepted token ends the count", async () => {
    const server = await startAuthServer();
    const { session, refresh, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnectionDelay: 1 } }));
    await auth.whenConnected();
    for (let round = 1; round <= 5; round++) {
      let refusals = 0;
      server.admit = (token) => (refusals++ < 2 ? refuse("token_revoked")() : verify(token));
      await clock.skip(10_001); // B27
      const { connections } = server;
      server.drop();
      await server.until(() => server.connections === connections + 1);
      await untilStatus(auth, "connected");
      expect(refresh).toHaveBeenCalledTimes(round);
    }
  });

  it("B7 the fresh token serves a sibling: only the refused socket stops, until there is a newer one", async () => {
    const server = await startAuthServer();
    let barred = "/admin";
    server.admit = (_, { nsp }) => {
      if (nsp.name === barred) refuse("token_invalid")();
    };
    const { session, refresh, token } = sessionWith({ retry: { base: 60_000 } });
    const auth = disposed(new AuthSocket(server.url, { session, renewal: "reconnect" }));
    await auth.whenConnected();
    const admin = auth.of("/admin");
    await expect(admin.whenConnected()).rejects.toMatchObject({ code: "token_rejected" });
    await untilStatus(auth, "connected");
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(session.state.status).toBe("signedIn");
    expect(server.tokens.slice(0, 2)).toEqual([token, token]);
    barred = "";
    await session.getToken({ forceRefresh: true });
    await untilStatus(admin, "connected");
  });

  it.each([
    "Invalid or expired token",
    "Invalid token",
    "No token provided",
    "Authentication token required",
    "Authentication error",
    "Not authenticated",
    "jwt expired",
    "Error: UNAUTHORIZED",
  ])("B15 a server that says %j and no code is given one fresh token", async (message) => {
    const server = await startAuthServer();
    const { session, token, refresh } = sessionWith();
    server.admit = (sent) => {
      if (sent === token) throw new Refusal(message);
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B7 isTokenRefused overrules, and composes with the default", async () => {
    const server = await startAuthServer();
    const { session, token, refresh, clock } = sessionWith();
    let refusals: Refusal[] = [new Refusal("E_TOKEN"), new Refusal("E_TOKEN")];
    server.admit = () => {
      const [refusal, ...rest] = refusals;
      refusals = rest;
      if (refusal) throw refusal;
    };
    const auth = disposed(
      new AuthSocket(server.url, {
        session,
        isTokenRefused: (error) => error.message === "E_TOKEN" || isTokenRefused(error),
      }),
    );
    // By its word it is the token: it backs off, and does not stop.
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "token_rejected" });
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens[0]).toBe(token);
    await clock.skip(10_001);
    refusals = Array.from({ length: 2 }, () => new Refusal("no", { code: "token_expired" }));
    const stubborn = disposed(new AuthSocket(server.url, { session, isTokenRefused: () => false }));
    expect((await untilStatus(stubborn, "refused")).error.code).toBe("forbidden");
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe("B27 a token that has served", () => {
  it.each([{ code: "token_invalid" }, undefined])(
    "is refreshed where it is refused after the app has disconnected: %j",
    async (data) => {
      const server = await startAuthServer();
      const { session, token, clock, refresh } = sessionWith();
      const bad = new Set<unknown>([token]);
      server.admit = (sent) => {
        if (bad.has(sent)) throw new Refusal("unauthorized", data);
      };
      const auth = disposed(new AuthSocket(server.url, { session }));
      await auth.whenConnected();
      await clock.skip(600_000);
      expect(refresh).toHaveBeenCalledTimes(1);
      bad.add(session.token);
      auth.disconnect().connect();
      await auth.whenConnected();
      expect(refresh).toHaveBeenCalledTimes(2);
    },
  );
});

describe("B8 a refused token that is no longer the current one", () => {
  it.each<[string, (session: AuthSession, fresh: string) => Promise<unknown>]>([
    ["signed in with", (session, fresh) => session.signIn(fresh)],
    ["forced", (session) => session.getToken({ forceRefresh: true })],
  ])("B15 whose user may not connect: the newer one, %s meanwhile, is tried", async (_, renew) => {
    const server = await startAuthServer();
    const gate = deferred<void>();
    const { session, token } = sessionWith();
    server.admit = async (sent) => {
      if (sent !== token) return;
      await gate.promise;
      refuse("insufficient_scope")();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    await server.until(() => server.connects.length === 1);
    await renew(session, issueToken());
    gate.resolve();
    await until(auth, ({ status }) => status === "connected");
    expect(server.tokens).toEqual([token, session.token]);
  });

  it("B8 costs no refresh where the session has a new one: reconnect", async () => {
    const server = await startAuthServer();
    const gate = deferred<void>();
    const { session, token, refresh } = sessionWith();
    server.admit = async (sent) => {
      if (sent !== token) return;
      await gate.promise;
      refuse("token_revoked")();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    await server.until(() => server.connects.length === 1);
    const fresh = await session.getToken({ forceRefresh: true });
    gate.resolve();
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(server.tokens).toEqual([token, fresh]);
  });

  it("B8 costs no refresh where the app's own code has written a new one to the store", async () => {
    const server = await startAuthServer();
    const gate = deferred<void>();
    const { session, token, refresh, store } = sessionWith();
    server.admit = async (sent) => {
      if (sent !== token) return;
      await gate.promise;
      refuse("token_revoked")();
    };
    const auth = disposed(new AuthSocket(server.url, { session }));
    await server.until(() => server.connects.length === 1);
    const written = issueToken();
    await store.save({ accessToken: written });
    gate.resolve();
    await auth.whenConnected();
    expect(refresh).not.toHaveBeenCalled();
    expect(server.tokens).toEqual([token, written]);
  });

  it.each<[string, object]>([
    ["by code", { code: "token_revoked" }],
    ["without a code", {}],
  ])(
    "B8 T13 refused %s, as a refused socket tries again with it: the newer one is tried",
    async (_, data) => {
      const server = await startAuthServer();
      const gate = deferred<void>();
      const { session, token, refresh } = sessionWith();
      const [second, third] = [issueToken(), issueToken()];
      server.admit = async (sent) => {
        if (sent === token) refuse("insufficient_scope")();
        if (sent !== second) return;
        await gate.promise;
        throw new Refusal("refused", data);
      };
      const auth = disposed(new AuthSocket(server.url, { session }));
      await untilStatus(auth, "refused");
      await session.signIn(second);
      await server.until(() => server.connects.length === 2);
      await session.signIn(third);
      gate.resolve();
      await untilStatus(auth, "connected");
      expect(server.tokens).toEqual([token, second, third]);
      expect(refresh).not.toHaveBeenCalled();
    },
  );

  it("B8 the store is read again at every handshake", async () => {
    const server = await startAuthServer();
    const { session, token, refresh, store } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnectionDelay: 1 } }));
    await auth.whenConnected();
    const written = issueToken();
    await store.save({ accessToken: written });
    server.drop();
    await server.until(() => server.connections === 2);
    const again = issueToken();
    await store.save({ accessToken: again });
    await untilStatus(auth, "connected");
    auth.disconnect().connect();
    await server.until(() => server.connections === 3);
    expect(server.tokens).toEqual([token, written, again]);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B8 a newly stored token is found by a socket that was refused until then", async () => {
    const server = await startAuthServer();
    const listeners = new Set<() => void>();
    let held: TokenSet | null = null;
    const store = {
      load: () => held,
      save: (tokens: TokenSet) => {
        held = tokens;
      },
      clear: () => {
        held = null;
      },
      subscribe: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const refresh = vi.fn(async () => null);
    const { session } = sessionWith({ store, refresh });
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "signedOut");
    held = { accessToken: issueToken() };
    for (const listener of listeners) listener();
    await auth.whenConnected();
    expect(server.tokens).toEqual([held.accessToken]);
    expect(refresh).toHaveBeenCalledTimes(1);
  });
});

describe("B15 refusals that are no token matter", () => {
  it.each([
    ["insufficient_scope", 0, new Refusal("no", { code: "insufficient_scope" })],
    ["a numeric 403", 0, new Refusal("no", { status: 403 })],
    ["an unknown code", 1, new Refusal("no", { code: "too_many_tabs" })],
    ["no code", 1, new Refusal("Admin access required")],
    ["data that is no object", 1, new Refusal("no", "whatever")],
  ])(
    "B15 %s is forbidden after %i refreshes, with the server's error as its cause",
    async (_, refreshes, refusal) => {
      const server = await startAuthServer();
      server.admit = () => {
        throw refusal;
      };
      const { session, refresh, clock, store } = sessionWith();
      const auth = disposed(new AuthSocket(server.url, { session }));
      const { error } = await untilStatus(auth, "refused");
      expect(error).toMatchObject({ code: "forbidden" });
      expect(error.cause).toMatchObject({ message: refusal.message });
      expect((error.cause as Refusal).data).toEqual(refusal.data);
      await clock.skip(60_000);
      await server.quiet();
      expect(server.connects).toHaveLength(1 + refreshes);
      expect(refresh).toHaveBeenCalledTimes(refreshes);
      expect(session.state.status).toBe("signedIn");
      expect(store.load()).toMatchObject({ accessToken: server.tokens.at(-1) });
    },
  );

  it("B9 B15 one that says nothing at all is forbidden, and leaves its sibling alone", async () => {
    const server = await startAuthServer();
    server.admit = async (_, { nsp, conn }) => {
      if (nsp.name !== "/admin") return;
      (conn as unknown as { send(packet: string): void }).send("4/admin,");
      await new Promise(() => {});
    };
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const { error } = await untilStatus(auth.of("/admin"), "refused");
    expect(error).toMatchObject({ code: "forbidden", cause: expect.any(Error) });
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(auth.state.status).toBe("connected");
    expect(server.handshakes).toBe(1);
  });

  it("B15 connect() tries again", async () => {
    const server = await startAuthServer();
    server.admit = refuse("insufficient_scope");
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "refused");
    server.admit = verify;
    await auth.connect().whenConnected();
    expect(server.connects).toHaveLength(2);
  });

  it("B15 insufficient_scope stops that socket only", async () => {
    const server = await startAuthServer();
    server.admit = (_, { nsp }) => {
      if (nsp.name === "/admin") refuse("insufficient_scope")();
    };
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const [admin, chat] = [auth.of("/admin"), auth.of("/chat")];
    await Promise.all([untilStatus(admin, "refused"), auth.whenConnected(), chat.whenConnected()]);
    await server.quiet();
    expect([auth.state.status, chat.state.status]).toEqual(["connected", "connected"]);
    expect(await chat.socket.emitWithAck("ask", 1)).toBe(1);
    expect(refresh).not.toHaveBeenCalled();
    expect(server.handshakes).toBe(1);
  });

  it.each([
    ["auth:revoked", { reason: "password changed" }],
    ["auth:revoked", undefined],
    ["forceDisconnect", { reason: "password changed" }],
    ["forceDisconnect", "password changed"],
  ])("B15 %s with %j stops that socket only, as revoked", async (event, payload) => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    const [target] = server.sockets("/chat");
    target?.emit(event, payload);
    target?.disconnect();
    const { error } = await untilStatus(chat, "refused");
    expect(error.code).toBe("revoked");
    expect(error.message).toContain(payload === undefined ? "no reason" : "password changed");
    await server.until(() => server.sockets("/chat").length === 0);
    await server.quiet();
    expect(chat.state).toMatchObject({ status: "refused", error: { code: "revoked" } });
    expect(auth.state.status).toBe("connected");
    expect(session.state.status).toBe("signedIn");
    expect(refresh).not.toHaveBeenCalled();
    expect(server.connects).toHaveLength(2);
  });

  it("B15 auth:revoked before the transport is lost is what happened, also without reconnecting", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnection: false } }));
    await auth.whenConnected();
    const told = new Promise((resolve) => auth.socket.once("auth:revoked", resolve));
    server.sockets()[0]?.emit("auth:revoked", { reason: "banned" });
    await told;
    server.drop();
    const { error } = await until(auth, ({ status }) => status !== "connected");
    expect(auth.state.status).toBe("refused");
    expect(error).toMatchObject({ code: "revoked" });
  });

  it("B15 auth:revoked from a server that forgets to disconnect disconnects all the same", async () => {
    const server = await startAuthServer();
    const { session, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const told = new Promise((resolve) => auth.socket.once("auth:revoked", resolve));
    server.sockets()[0]?.emit("auth:revoked", { reason: "banned" });
    await told;
    // As long as a client might wait for the server to do it.
    await clock.skip(10_000);
    await untilStatus(auth, "refused");
    await server.until(() => server.sockets().length === 0);
    expect(auth.socket.connected).toBe(false);
  });

  it("B15 unavailable waits as long as retryAfter says, without a refresh, and then connects", async () => {
    const server = await startAuthServer();
    server.admit = () => {
      throw new Refusal("busy", { code: "unavailable", retryAfter: 20_000 });
    };
    const { session, refresh, clock, token } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const { retryAt } = await until(
      auth,
      (state): state is typeof state & { retryAt: number } => "retryAt" in state,
    );
    expect(auth.state.status).toBe("connecting");
    expect(retryAt - clock.now()).toBeGreaterThan(19_900);
    expect(retryAt - clock.now()).toBeLessThanOrEqual(21_000);
    await clock.skip(19_000);
    await server.quiet();
    expect(server.connects).toHaveLength(1);
    server.admit = verify;
    await clock.skip(2_000);
    await auth.whenConnected();
    expect(server.tokens).toEqual([token, token]);
    expect(refresh).not.toHaveBeenCalled();
  });

  it.each([[undefined], ["soon"], [-5], [Number.NaN], [null]])(
    "B15 unavailable with retryAfter %j backs off",
    async (retryAfter) => {
      const server = await startAuthServer();
      server.admit = () => {
        throw new Refusal("busy", { code: "unavailable", retryAfter });
      };
      const { session, refresh, clock } = sessionWith({ retry: { base: 40_000, max: 60_000 } });
      const auth = disposed(new AuthSocket(server.url, { session }));
      const waits: number[] = [];
      for (let attempt = 1; attempt <= 3; attempt++) {
        const { retryAt } = await until(
          auth,
          (state): state is typeof state & { retryAt: number } => "retryAt" in state,
        );
        waits.push(retryAt - clock.now());
        expect(server.connects).toHaveLength(attempt);
        await clock.skip(60_000);
        await until(auth, (state) => !("retryAt" in state));
      }
      // Half of 40 000, of 60 000 and of 60 000, less what the test itself took.
      expect(waits.map((wait) => Math.ceil(wait / 1_000))).toEqual([20, 30, 30]);
      expect(refresh).not.toHaveBeenCalled();
    },
  );

  it("B15 an unavailable namespace does not disturb its siblings, and disconnect() ends the wait", async () => {
    const server = await startAuthServer();
    server.admit = (_, { nsp }) => {
      if (nsp.name === "/busy") throw new Refusal("busy", { code: "unavailable", retryAfter: 5_000 });
    };
    const { session, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const busy = auth.of("/busy");
    await Promise.all([auth.whenConnected(), until(busy, (state) => "retryAt" in state)]);
    busy.disconnect();
    await clock.skip(60_000);
    await server.quiet();
    expect(server.connects).toHaveLength(2);
    expect(busy.state).toEqual({ status: "idle" });
    expect(auth.state.status).toBe("connected");
  });
});
