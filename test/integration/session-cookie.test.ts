import { AuthSocket, memoryStore } from "authsocket";
import { describe, expect, it } from "vitest";
import { AuthSession } from "../../src/client/auth-session.ts";
import { type CookieServer, startCookieServer } from "../support/cookie-server.ts";
import { disposed } from "../support/disposal.ts";
import { startRefreshEndpoint } from "../support/refresh-endpoint.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";

function open({ server, refresh }: CookieServer, namespace = "") {
  return disposed(new AuthSocket(server.url + namespace, { refresh, credential: "cookie" }));
}

describe(`credential: "cookie", a session of the server's own`, () => {
  it("S1 a living session connects without a token, a refresh or anything stored", async () => {
    const site = await startCookieServer();
    site.signIn();
    const auth = open(site);
    const statuses = recordStatuses(auth.session);
    await auth.whenConnected();
    expect(site.server.connects).toEqual([{ namespace: "/", payload: {} }]);
    expect(site.refreshes).toBe(0);
    expect(site.server.handshakes).toBe(1);
    expect(auth.session.state).toEqual({ status: "signedIn" });
    expect(auth.session.token).toBeUndefined();
    expect(statuses).toEqual(["unknown", "signedIn"]);
  });

  it("B6 where there never was a session it is signed out without an error, after one refresh", async () => {
    const site = await startCookieServer();
    site.renewable = false;
    const auth = open(site);
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "signed_out" });
    expect(auth.session.state).toEqual({ status: "signedOut" });
    expect(site.refreshes).toBe(1);
  });

  it("B16 signIn() without tokens connects, and sends what a guest had typed before", async () => {
    const site = await startCookieServer();
    site.renewable = false;
    const auth = open(site);
    await untilStatus(auth, "signedOut");
    auth.socket.emit("draft", "hello");
    site.signIn();
    await auth.session.signIn();
    await auth.whenConnected();
    await site.server.until(() => site.server.heard("draft").length === 1);
    expect(site.refreshes).toBe(1);
  });

  it("a session that has ended is renewed once, and the engine is opened anew to see the cookie", async () => {
    const site = await startCookieServer();
    site.signIn();
    const auth = open(site);
    await auth.whenConnected();
    site.end({ kick: true });
    await until(auth, ({ status }) => status === "connecting");
    await auth.whenConnected();
    expect(site.refreshes).toBe(1);
    expect(site.server.handshakes).toBe(2);
    expect(site.server.connects.every(({ payload }) => !("token" in payload))).toBe(true);
  });

  it("B14 an engine that was opened with the last cookie is not taken for one that has seen the new one", async () => {
    const site = await startCookieServer();
    site.signIn();
    const clock = new SkippableClock();
    let isRenewed = false;
    const refresh = async () => {
      // The handshake of the reconnect has left with the last cookie by then, and is not answered yet.
      if (isRenewed) await site.server.until(() => site.server.handshakes === 2);
      isRenewed = true;
      site.signIn();
      return { accessToken: "", expiresAt: clock.now() + 900_000 };
    };
    const session = disposed(new AuthSession({ refresh, credential: "cookie" }, clock));
    await session.whenReady();
    const auth = disposed(new AuthSocket(site.server.url, { session, io: { reconnectionDelay: 50 } }));
    await auth.whenConnected();
    site.server.drop();
    await until(auth, ({ status }) => status === "connecting");
    await clock.skip(850_000);
    await site.server.until(() => site.server.handshakes === 3);
    await auth.whenConnected();
    expect(auth.state.status).toBe("connected");
  });

  it("B24 without reconnecting, a namespace is opened on the engine that is there", async () => {
    const site = await startCookieServer();
    site.signIn();
    const clock = new SkippableClock();
    const refresh = async () => {
      site.refreshes++;
      return { accessToken: "", expiresAt: clock.now() + 900_000 };
    };
    const session = disposed(new AuthSession({ refresh, credential: "cookie" }, clock));
    await session.whenReady();
    const auth = disposed(new AuthSocket(site.server.url, { session, io: { reconnection: false } }));
    await auth.whenConnected();
    await clock.skip(850_000);
    expect(site.refreshes).toBe(2);
    await auth.of("/chat").whenConnected();
  });

  it("a namespace that is refused beside a living one is renewed on a new engine, and loses nothing", async () => {
    const site = await startCookieServer({ connectionStateRecovery: {} });
    site.signIn();
    const auth = open(site);
    await auth.whenConnected();
    const sibling = auth.of("/late");
    sibling.disconnect();
    site.end({ kick: false });
    const sent = Array.from({ length: 50 }, (_, number) => number);
    sibling.connect();
    for (const number of sent) auth.socket.emit("numbered", number);
    await sibling.whenConnected();
    await auth.whenConnected();
    await site.server.until(() => site.server.heard("numbered").length >= sent.length);
    expect(site.server.heard("numbered")).toEqual(sent);
    expect(site.refreshes).toBe(1);
    expect(site.server.handshakes).toBe(2);
  });

  it("B7 a server that refuses every session costs one renewal, and the session goes on", async () => {
    const site = await startCookieServer();
    site.signIn();
    const session = disposed(
      new AuthSession({ refresh: site.refresh, credential: "cookie", retry: { base: 1, max: 1 } }),
    );
    site.server.admit = () => {
      throw Object.assign(new Error("no"), { data: { code: "token_invalid" } });
    };
    const auth = disposed(new AuthSocket(site.server.url, { session }));
    await expect(auth.whenConnected()).rejects.toMatchObject({ code: "token_rejected" });
    expect(site.refreshes).toBe(1);
    expect(session.state.status).toBe("signedIn");
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "token_rejected" } });
  });

  it("B10 signOut() disconnects, and signIn() comes back", async () => {
    const site = await startCookieServer();
    site.signIn();
    const auth = open(site);
    await auth.whenConnected();
    await auth.session.signOut();
    expect(auth.state).toEqual({ status: "signedOut" });
    expect(auth.session.state).toEqual({ status: "signedOut" });
    site.signIn();
    await auth.session.signIn();
    await auth.whenConnected();
  });

  it("any 2xx of the endpoint renews the session, whatever its body", async () => {
    const site = await startCookieServer();
    const endpoint = startRefreshEndpoint(() => {
      site.signIn();
      return new Response(null, { status: 204 });
    });
    const auth = disposed(new AuthSocket(site.server.url, { refresh: endpoint.url, credential: "cookie" }));
    await auth.whenConnected();
    expect(endpoint.calls).toHaveLength(1);
  });

  it("getToken() and signIn(tokens) say that there is no token, and a store is refused at the door", async () => {
    const session = disposed(new AuthSession({ refresh: "/api/session", credential: "cookie" }));
    await expect(session.getToken()).rejects.toThrow(TypeError);
    await expect(session.getToken()).rejects.toThrow(/cookie/);
    await expect(session.signIn("token")).rejects.toThrow(/"tokens" must be left out/);
    const both = { refresh: "/api/session", credential: "cookie", store: memoryStore() } as const;
    expect(() => new AuthSession(both)).toThrow(/"store" must be left out/);
    const wrong = { refresh: "/api/session", credential: "cookies" } as never;
    expect(() => new AuthSession(wrong)).toThrow(/"credential" must be "token" or "cookie"/);
  });
});
