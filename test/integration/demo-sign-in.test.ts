import { createHash } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { OWN_HEADER, useDemoServer } from "../support/demo-browser.ts";

const { server, newBrowser, signedIn } = useDemoServer();

describe("signing in", () => {
  it("answers a token, its lifetime and the user, and keeps the refresh secret in a cookie no script can read", async () => {
    const response = await newBrowser().login("alice", "wonderland");
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    expect(await response.json()).toEqual({
      token: expect.any(String),
      expiresIn: 15,
      user: { id: "user-1", username: "alice", email: "alice@example.com", role: "user" },
    });
    const [cookie = "", ...others] = response.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^authsocket_refresh=[\w.-]{80,}; /);
    for (const attribute of ["HttpOnly", "SameSite=Strict", "Path=/"])
      expect(cookie.split("; ")).toContain(attribute);
  });

  it("issues an HS256 token with issuer, audience, subject, id and a lifetime, and without the refresh secret", async () => {
    const { browser, token } = await signedIn("admin");
    const claims = decodeJwt(token);
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", typ: "JWT" });
    expect(claims).toMatchObject({
      sub: "user-3",
      username: "admin",
      email: "admin@example.com",
      role: "admin",
    });
    expect(claims).toMatchObject({
      iss: expect.any(String),
      aud: expect.any(String),
      jti: expect.any(String),
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBeCloseTo(15, 3);
    const secret = browser.cookie("/api").split("=")[1] ?? "";
    expect(JSON.stringify(claims)).not.toContain(secret);
    expect(JSON.stringify(claims)).not.toContain(createHash("sha256").update(secret).digest("hex"));
  });

  it("knows every account that it names", async () => {
    expect(server().accounts.map(({ username }) => username)).toEqual(["alice", "bob", "admin"]);
    for (const { username, password } of server().accounts)
      expect((await newBrowser().login(username, password)).status).toBe(200);
  });

  it("answers a wrong password and an unknown user alike", async () => {
    const answers = [];
    for (const [username, password] of [
      ["alice", "builder"],
      ["nobody", "builder"],
      ["__proto__", "x"],
    ] as const) {
      const response = await newBrowser().login(username, password);
      answers.push([response.status, response.headers.getSetCookie(), await response.json()]);
    }
    expect(answers).toEqual(Array(3).fill([401, [], { error: "Wrong username or password" }]));
  });

  it.each<[string, unknown]>([
    ["no body", undefined],
    ["an empty object", {}],
    ["null", "null"],
    ["a list", []],
    ["no password", { username: "alice" }],
    ["an empty password", { username: "alice", password: "" }],
    ["a password that is not text", { username: "alice", password: { length: 10 } }],
    ["a very long password", { username: "alice", password: "x".repeat(201) }],
    ["JSON that is cut off", '{"username":"alice","password":"wonderland'],
  ])("answers 400 to %s, without quoting it", async (_, body) => {
    const response = await newBrowser().post("/api/login", body);
    expect(response.status).toBe(400);
    const answer = await response.text();
    expect(JSON.parse(answer)).toEqual({ error: expect.any(String) });
    expect(answer).not.toContain("wonderland");
  });

  it("answers 400 to a form, which another site could send", async () => {
    const response = await newBrowser().post("/api/login", "username=alice&password=wonderland", {
      "Content-Type": "application/x-www-form-urlencoded",
    });
    expect(response.status).toBe(400);
  });

  it("answers 413 to a body over 10 kB", async () => {
    const response = await newBrowser().post("/api/login", { username: "x".repeat(11_000), password: "x" });
    expect(response.status).toBe(413);
  });

  it("ends the session that the browser had before", async () => {
    const { browser } = await signedIn("alice");
    const before = browser.cookie("/api");
    await browser.login("bob", "builder");
    const response = await newBrowser().post("/api/refresh-token", undefined, {
      ...OWN_HEADER,
      Cookie: before,
    });
    expect(response.status).toBe(401);
  });
});
