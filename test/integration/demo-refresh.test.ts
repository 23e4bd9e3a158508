import { decodeJwt } from "jose";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Browser, event, type IssuedToken, OWN_HEADER, useDemoServer } from "../support/demo-browser.ts";

const { server, newBrowser, signedIn, serve } = useDemoServer();

/** The same cookies in another browser: a thief's, or an answer that was lost. */
function copyOf(browser: Browser): Browser {
  const copy = new Browser(browser.url);
  copy.takeCookies(browser);
  return copy;
}

/** From now on it is another time for this process; what was started goes on. */
function atInstant(instant: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: instant });
  onTestFinished(() => {
    vi.useRealTimers();
  });
}

describe("refreshing and signing out", () => {
  it("answers a new token of the same user for the cookie", async () => {
    const { browser, token } = await signedIn("bob");
    const response = await browser.refresh();
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const answer = (await response.json()) as IssuedToken;
    expect(answer).toEqual({ token: expect.any(String), expiresIn: 15 });
    expect(answer.token).not.toBe(token);
    expect(decodeJwt(answer.token).sub).toBe("user-2");
  });

  it("ends the sign-in where a token is used twice, also by a clock that is behind the one of the first use", async () => {
    const { browser } = await signedIn();
    const thief = copyOf(browser);
    expect((await browser.refresh()).status).toBe(200);
    atInstant(Date.now() - 1_000);
    expect((await thief.refresh()).status).toBe(401);
    expect((await browser.refresh()).status).toBe(401);
  });

  it("S4: answers 403 without the header that a form cannot send", async () => {
    const { browser } = await signedIn();
    expect((await browser.post("/api/refresh-token")).status).toBe(403);
    expect((await browser.refresh()).status).toBe(200);
  });

  it.each([
    ["no cookie", ""],
    ["an unknown cookie", "authsocket_refresh=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"],
    ["a cookie that cannot be decoded", "authsocket_refresh=%E0%A4%A"],
  ])("answers 401 to %s", async (_, cookie) => {
    const response = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: cookie,
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });

  it("ends the refresh session and clears the cookie at sign-out", async () => {
    const { browser } = await signedIn();
    const cookie = browser.cookie("/api");
    const response = await browser.post("/api/logout");
    expect(response.status).toBe(204);
    expect(browser.cookie("/api")).toBe("");
    const stolen = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: cookie,
    });
    expect(stolen.status).toBe(401);
  });

  it("signs out whoever is not signed in, and answers 404 as JSON to what is not there", async () => {
    expect((await newBrowser().post("/api/logout")).status).toBe(204);
    const response = await newBrowser().post("/api/nothing");
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  });
});

describe("rotation", () => {
  it("answers a new refresh cookie with each token, and the old one is good no more", async () => {
    const { browser } = await signedIn();
    const cookies = [browser.cookie("/")];
    for (let n = 0; n < 3; n++) {
      expect((await browser.refresh()).status).toBe(200);
      cookies.push(browser.cookie("/"));
    }
    expect(new Set(cookies).size).toBe(4);
  });

  it("ends the family when a token is used twice: thief and owner are out, their sockets disconnected", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const thief = copyOf(browser);
    await browser.refresh();
    const socket = await browser.connect(token);
    const other = await bystander.browser.connect(bystander.token);
    const told = event(socket, "auth:revoked");
    const ended = event(socket, "disconnect");

    expect((await thief.refresh()).status).toBe(401);

    expect((await told)[0]).toEqual({ reason: "a refresh token was used twice" });
    expect((await ended)[0]).toBe("io server disconnect");
    expect((await browser.refusal(token)).data).toEqual({ code: "token_revoked" });
    expect((await browser.refresh()).status).toBe(401);
    expect((await bystander.browser.refresh()).status).toBe(200);
    expect(other.connected).toBe(true);
  });

  it("lets one of two requests at once win, and takes the other for a thief's", async () => {
    const { browser } = await signedIn();
    const statuses = await Promise.all(
      [browser, copyOf(browser)].map(async (one) => (await one.refresh()).status),
    );
    expect(statuses.sort()).toEqual([200, 401]);
    expect((await browser.refresh()).status).toBe(401);
  });

  it("answers the same successor again within the grace window, and no older one", async () => {
    const own = await serve({ refreshGrace: 10_000 });
    const { browser } = await signedIn("alice", own);
    const [late, latest] = [copyOf(browser), copyOf(browser)];
    expect((await browser.refresh()).status).toBe(200);
    expect((await late.refresh()).status).toBe(200);
    expect(late.cookie("/")).toBe(browser.cookie("/"));
    expect((await browser.refresh()).status).toBe(200);
    expect((await latest.refresh()).status).toBe(401);
    expect((await browser.refresh()).status).toBe(401);
  });

  it("ends the family after the grace window", async () => {
    const own = await serve({ refreshGrace: 10_000 });
    const { browser } = await signedIn("alice", own);
    const late = copyOf(browser);
    await browser.refresh();
    atInstant(Date.now() + 10_001);
    expect((await late.refresh()).status).toBe(401);
    expect((await browser.refresh()).status).toBe(401);
  });

  it("does not prolong the sign-in, however often it is refreshed", async () => {
    const own = await serve({ refreshLifetime: 60_000 });
    const { browser } = await signedIn("alice", own);
    const end = Date.now() + 60_000;
    atInstant(end - 20_000);
    expect((await browser.refresh()).status).toBe(200);
    vi.setSystemTime(end + 1);
    expect((await browser.refresh()).status).toBe(401);
  });

  it("knows a token that was changed anywhere for a foreign one, which ends nobody's family", async () => {
    const { browser } = await signedIn();
    const parts = browser.cookie("/").replace("authsocket_refresh=", "").split(".");
    for (const [index, value] of [
      Buffer.from("user-3").toString("base64url"),
      "x",
      "7",
      "A".repeat(43),
    ].entries()) {
      const forged = parts.map((part, at) => (at === index ? value : part)).join(".");
      const response = await newBrowser().post("/api/refresh-token", undefined, {
        ...OWN_HEADER,
        Cookie: `authsocket_refresh=${forged}`,
      });
      expect(response.status).toBe(401);
    }
    expect((await browser.refresh()).status).toBe(200);
  });
});

describe("signing out everywhere", () => {
  it("ends all of the user's families, tokens, sockets and server sessions, and nobody else's", async () => {
    const [here, there, bob] = [await signedIn(), await signedIn(), await signedIn("bob")];
    const sockets = [await here.browser.connect(here.token), await there.browser.connect(there.token)];
    const bystander = await bob.browser.connect(bob.token);
    const told = Promise.all(sockets.map((socket) => event(socket, "auth:revoked")));

    expect((await here.browser.post("/api/logout-everywhere")).status).toBe(204);

    for (const [reason] of await told) expect(reason).toEqual({ reason: "signed out everywhere" });
    expect(here.browser.cookie("/")).toBe("");
    expect((await there.browser.refusal(there.token)).data).toEqual({ code: "token_revoked" });
    expect((await there.browser.refresh()).status).toBe(401);
    expect((await there.browser.post("/api/session")).status).toBe(401);
    expect(bystander.connected).toBe(true);
    expect((await bob.browser.refresh()).status).toBe(200);
    expect((await server().io.in(`auth:user:user-1`).fetchSockets()).length).toBe(0);
  });

  it("is for who is signed in", async () => {
    expect((await newBrowser().post("/api/logout-everywhere")).status).toBe(401);
  });
});
