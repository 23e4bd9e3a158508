import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { reactive, ref } from "vue";
import { issueToken, Refusal, startAuthServer, verify } from "../support/auth-server.ts";
import { startCookieServer } from "../support/cookie-server.ts";
import { disposed } from "../support/disposal.ts";
import { until, untilStatus } from "../support/states.ts";

function sessionWith(token: string, refresh = vi.fn(async () => issueToken())) {
  return {
    refresh,
    session: disposed(new AuthSession({ refresh, store: memoryStore({ accessToken: token }) })),
  };
}

describe("the option payload", () => {
  it("section 3: is what the CONNECT carries, asked for at each, in each namespace, with the token of the moment", async () => {
    const server = await startAuthServer({ connectionStateRecovery: {} });
    server.admit = (_, { handshake }) => verify(String(handshake.auth.authorization).replace("Bearer ", ""));
    server.io.on("connection", (socket) => socket.emit("welcome")); // so that there is something to recover
    const token = issueToken();
    const { session, refresh } = sessionWith(token);
    const payload = vi.fn((given: string | undefined) => ({
      authorization: `Bearer ${given}`,
      device: "phone",
    }));
    const auth = disposed(new AuthSocket(server.url, { session, payload, io: { reconnectionDelay: 1 } }));
    const chat = auth.of("/chat");
    await Promise.all([auth.whenConnected(), chat.whenConnected()]);
    expect(server.connects.map(({ payload }) => payload)).toEqual([
      { authorization: `Bearer ${token}`, device: "phone" },
      { authorization: `Bearer ${token}`, device: "phone" },
    ]);
    // Recovery goes on to work, since Socket.IO's own fields are added.
    server.drop();
    await server.until(() => server.connects.length === 4);
    await until(auth, (state) => state.status === "connected" && state.recovered);
    expect(server.connects.at(2)?.payload).toMatchObject({ device: "phone", pid: expect.any(String) });
    // A refusal is answered as ever.
    const fresh = issueToken();
    refresh.mockResolvedValueOnce(fresh);
    let refusals = 1;
    server.admit = () => {
      if (refusals-- > 0) throw new Refusal("no", { code: "token_invalid" });
    };
    chat.disconnect().connect();
    await chat.whenConnected();
    expect(payload).toHaveBeenLastCalledWith(fresh);
    expect(refresh).toHaveBeenCalledTimes(1);
  });

  it("B21 is asked with undefined for a guest", async () => {
    const server = await startAuthServer();
    server.admit = () => {};
    const session = disposed(new AuthSession({ refresh: async () => null, store: memoryStore() }));
    const payload = vi.fn((token: string | undefined) => ({ token: token ?? "none" }));
    const auth = disposed(new AuthSocket(server.url, { session, payload, anonymous: true }));
    await auth.whenConnected();
    expect(payload.mock.calls).toEqual([[undefined]]);
    expect(server.connects).toEqual([{ namespace: "/", payload: { token: "none" } }]);
  });

  it("S1 is asked with undefined where a cookie names the user", async () => {
    const site = await startCookieServer();
    site.signIn();
    const payload = vi.fn(() => ({ device: "phone" }));
    const auth = disposed(
      new AuthSocket(site.server.url, { refresh: site.refresh, credential: "cookie", payload }),
    );
    await auth.whenConnected();
    expect(payload.mock.calls).toEqual([[undefined]]);
    expect(site.server.connects).toEqual([{ namespace: "/", payload: { device: "phone" } }]);
  });

  it.each([
    [
      "throws",
      () => {
        throw new RangeError("the app's own");
      },
      "RangeError",
    ],
    ["returns nothing", () => undefined as never, "TypeError"],
    ["returns a string", () => "token" as never, "TypeError"],
    ["returns an array", () => ["token"] as never, "TypeError"],
    ["returns a Map", () => new Map() as never, "TypeError"],
    ["returns a promise", () => Promise.resolve({}) as never, "TypeError"],
    ["names pid", () => ({ pid: "another's" }), "TypeError"],
    ["names offset, even undefined", () => ({ offset: undefined }), "TypeError"],
    ["returns what cannot be encoded", () => ({ build: 10n }), "TypeError"],
  ])(
    "T6 one that %s is refused with that cause, and nothing is sent",
    async (_, payload: () => object, cause) => {
      const server = await startAuthServer();
      const { session, refresh } = sessionWith(issueToken());
      const auth = disposed(new AuthSocket(server.url, { session, payload }));
      const { error } = await untilStatus(auth, "refused");
      expect(error).toMatchObject({ code: "forbidden", cause: { name: cause } });
      expect(error.message).toContain("payload");
      await server.quiet();
      expect(server.connects).toEqual([]);
      expect(refresh).not.toHaveBeenCalled();
      expect(session.state.status).toBe("signedIn");
    },
  );

  it("B9 one that throws leaves its siblings alone, and connect() asks it again", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith(issueToken());
    let isBroken = false;
    const payload = (token: string | undefined) => {
      if (isBroken) throw new Error("not ready");
      return { token };
    };
    const auth = disposed(new AuthSocket(server.url, { session, payload }));
    await auth.whenConnected();
    isBroken = true;
    const chat = auth.of("/chat");
    await untilStatus(chat, "refused");
    expect(auth.state.status).toBe("connected");
    isBroken = false;
    await chat.connect().whenConnected();
    expect(server.handshakes).toBe(1);
  });

  it("B21 B23 one that throws for guests is asked again at a sign-in, and at the next, with an equal set", async () => {
    const server = await startAuthServer();
    const session = disposed(new AuthSession({ refresh: async () => null, store: memoryStore() }));
    let isBroken = true;
    const payload = (token: string | undefined) => {
      if (token === undefined || isBroken) throw new Error("not ready");
      return { token };
    };
    const auth = disposed(new AuthSocket(server.url, { session, payload, anonymous: true }));
    await untilStatus(auth, "refused");
    const token = issueToken();
    await session.signIn(token);
    expect(auth.state.status).toBe("refused");
    isBroken = false;
    await session.signIn(token);
    await untilStatus(auth, "connected");
    expect(server.tokens).toEqual([token]);
  });
});

describe("Socket.IO's own way to give a token", () => {
  it("B25 is a TypeError that names the option: it would end all that AuthSocket does", async () => {
    const server = await startAuthServer();
    const { session } = sessionWith(issueToken());
    const auth = disposed(new AuthSocket(server.url, { session, autoConnect: false }));
    expect(() => {
      auth.socket.auth = { token: issueToken() };
    }).toThrow(/"payload"/);
    await auth.connect().whenConnected();
  });

  it("B25 the rest works behind Vue's proxies, as in a ref() or a store of Pinia's", () => {
    const { session } = sessionWith(issueToken());
    const auth = disposed(new AuthSocket("http://127.0.0.1:9", { session, autoConnect: false }));
    const store = reactive({ auth, session });
    expect(store.auth.state).toEqual({ status: "idle" });
    expect(ref(session).value.state).toBe(session.state);
    disposed(
      new AuthSocket("http://127.0.0.1:9", { session: store.session as AuthSession, autoConnect: false }),
    );
  });
});
