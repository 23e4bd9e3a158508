import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { type IssuedToken, OWN_HEADER, useDemoServer } from "../support/demo-browser.ts";

const { newBrowser, signedIn } = useDemoServer();

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
