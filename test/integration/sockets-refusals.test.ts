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

  it("B7 a server that refuses everything is given four tokens, and then the session ends", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh, store, token, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const { error } = await untilStatus(auth, "signedOut");
    expect(error).toMatchObject({ code: "token_rejected", cause: { data: { code: "token_invalid" } } });
    expect(session.state).toMatchObject({ status: "signedOut", error: { code: "token_rejected" } });
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(3);
    expect(server.connects).toHaveLength(4);
    expect(new Set(server.tokens).size).toBe(4);
    expect(server.tokens[0]).toBe(token);
    expect(store.load()).toBeNull();
    expect(clock.pending).toBe(0);
  });

  it("B7 it backs off before the second and the third fresh token", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh, clock } = sessionWith({ retry: { base: 100_000, max: 1_000_000 } });
    const auth = disposed(new AuthSocket(server.url, { session }));
    for (const [calls, wait] of [
      [1, 50_000],
      [2, 100_000],
    ] as const) {
      const { retryAt } = await until(
        session,
        (state): state is typeof state & { retryAt: number } => state.status === "waiting",
      );
      expect(retryAt - clock.now()).toBeGreaterThan(wait - 1_000);
      expect(retryAt - clock.now()).toBeLessThanOrEqual(wait);
      await server.until(() => server.connects.length === calls + 1);
      await server.quiet();
      expect(refresh).toHaveBeenCalledTimes(calls);
      expect(server.connects).toHaveLength(calls + 1);
      clock.skip(wait);
    }
    await untilStatus(auth, "signedOut");
    expect(server.connects).toHaveLength(4);
  });

  it("B7 with the default backoff there are never more than four attempts in ten seconds", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, clock } = sessionWith({ retry: {} });
    clock.chance = 0;
    const auth = disposed(new AuthSocket(server.url, { session }));
    await untilStatus(auth, "signedOut");
    clock.skip(10_000);
    await server.quiet();
    expect(server.connects).toHaveLength(4);
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

  it("B7 eight namespaces that are always refused end the session after three fresh tokens too", async () => {
    const server = await startAuthServer();
    server.admit = refuse("token_invalid");
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const sockets = [auth, ...Array.from({ length: 7 }, (_, index) => auth.of(`/n${index}`))];
    await Promise.all(sockets.map((socket) => untilStatus(socket, "signedOut")));
    await server.quiet();
    expect(refresh).toHaveBeenCalledTimes(3);
    expect(new Set(server.tokens).size).toBe(4);
    expect(server.connects.length).toBeLessThanOrEqual(32);
  });

  it("B7 an accepted token ends the count", async () => {
    const server = await startAuthServer();
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session, io: { reconnectionDelay: 1 } }));
    await auth.whenConnected();
    for (let round = 0; round < 5; round++) {
      let refusals = 0;
      server.admit = (token) => (refusals++ < 2 ? refuse("token_revoked")() : verify(token));
      const { connections } = server;
      server.drop();
      await server.until(() => server.connections === connections + 1);
      await auth.whenConnected();
    }
    expect(refresh).toHaveBeenCalledTimes(10);
    expect(auth.state.status).toBe("connected");
  });

  it("B7 a sibling connected with that very token: only the refused socket stops", async () => {
    const server = await startAuthServer();
    server.admit = (_, { nsp }) => {
      if (nsp.name === "/admin") refuse("token_invalid")();
    };
    const { session, refresh, token } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const admin = auth.of("/admin");
    const { error } = await untilStatus(admin, "refused");
    await server.quiet();
    expect(error).toMatchObject({ code: "token_rejected", cause: { data: { code: "token_invalid" } } });
    expect(refresh).not.toHaveBeenCalled();
    expect(auth.state.status).toBe("connected");
    expect(session.state.status).toBe("signedIn");
    expect(server.tokens).toEqual([token, token]);
  });

  it("B7 a sibling that connects after the refusal: one refresh, then only the refused socket stops", async () => {
    const server = await startAuthServer();
    const gate = deferred<void>();
    server.admit = async (_, { nsp }) => {
      if (nsp.name === "/admin") refuse("token_invalid")();
      await gate.promise;
    };
    const { session, refresh } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    const admin = auth.of("/admin");
    refresh.mockImplementation(async () => {
      gate.resolve();
      await auth.whenConnected();
      return issueToken();
    });
    await untilStatus(admin, "refused");
    expect(admin.state).toMatchObject({ error: { code: "token_rejected" } });
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(auth.state.status).toBe("connected");
    expect(session.state.status).toBe("signedIn");
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
  ])("B7 a server that says %j and no code is understood", async (message) => {
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
    const { session, token, refresh } = sessionWith();
    let words = ["E_TOKEN", "jwt expired"];
    server.admit = () => {
      const [word, ...rest] = words;
      words = rest;
      if (word) throw new Refusal(word);
    };
    const auth = disposed(
      new AuthSocket(server.url, {
        session,
        isTokenRefused: (error) => error.message === "E_TOKEN" || isTokenRefused(error),
      }),
    );
    await auth.whenConnected();
    expect(refresh).toHaveBeenCalledTimes(2);
    expect(server.tokens[0]).toBe(token);
    words = ["jwt expired"];
    const stubborn = disposed(new AuthSocket(server.url, { session, isTokenRefused: () => false }));
    await untilStatus(stubborn, "refused");
    expect(refresh).toHaveBeenCalledTimes(2);
  });
});

describe("B8 a refused token that is no longer the current one", () => {
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
    ["insufficient_scope", new Refusal("no", { code: "insufficient_scope" })],
    ["an unknown code", new Refusal("no", { code: "too_many_tabs" })],
    ["no code", new Refusal("Admin access required")],
    ["data that is no object", new Refusal("no", "whatever")],
    ["a numeric 403", new Refusal("no", { status: 403 })],
  ])(
    "B15 %s is forbidden, with the server's error as its cause, and costs no refresh",
    async (_, refusal) => {
      const server = await startAuthServer();
      server.admit = () => {
        throw refusal;
      };
      const { session, refresh, clock } = sessionWith();
      const auth = disposed(new AuthSocket(server.url, { session }));
      const { error } = await untilStatus(auth, "refused");
      expect(error).toMatchObject({ code: "forbidden" });
      expect(error.cause).toMatchObject({ message: refusal.message });
      expect((error.cause as Refusal).data).toEqual(refusal.data);
      clock.skip(60_000);
      await server.quiet();
      expect(server.connects).toHaveLength(1);
      expect(refresh).not.toHaveBeenCalled();
      expect(session.state.status).toBe("signedIn");
    },
  );

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

  it("B15 auth:revoked from a server that forgets to disconnect disconnects all the same", async () => {
    const server = await startAuthServer();
    const { session, clock } = sessionWith();
    const auth = disposed(new AuthSocket(server.url, { session }));
    await auth.whenConnected();
    const told = new Promise((resolve) => auth.socket.once("auth:revoked", resolve));
    server.sockets()[0]?.emit("auth:revoked", { reason: "banned" });
    await told;
    // As long as a client might wait for the server to do it.
    clock.skip(10_000);
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
    expect(retryAt - clock.now()).toBeGreaterThan(19_000);
    expect(retryAt - clock.now()).toBeLessThanOrEqual(20_000);
    clock.skip(19_000);
    await server.quiet();
    expect(server.connects).toHaveLength(1);
    server.admit = verify;
    clock.skip(1_000);
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
        clock.skip(60_000);
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
    clock.skip(60_000);
    await server.quiet();
    expect(server.connects).toHaveLength(2);
    expect(busy.state).toEqual({ status: "idle" });
    expect(auth.state.status).toBe("connected");
  });
});
