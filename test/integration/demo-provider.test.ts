import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import express, { type Response as ExpressResponse, type NextFunction, type Request } from "express";
import { decodeJwt } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { Faults } from "../../demo/server/faults/faults.ts";
import { Limits } from "../../demo/server/guards/limits.ts";
import { Accounts } from "../../demo/server/people/accounts.ts";
import { providerRoutes } from "../../demo/server/provider/provider-routes.ts";
import { Connections } from "../../demo/server/sockets/connections.ts";
import { Nodes } from "../../demo/server/sockets/nodes.ts";
import { MemoryStore } from "../../demo/server/stores/memory-store.ts";
import { AccessTokens } from "../../demo/server/tokens/access-tokens.ts";
import { providerKeys } from "../../demo/server/tokens/provider-keys.ts";
import { RefreshCookie } from "../../demo/server/tokens/refresh-cookie.ts";
import { RefreshFamilies } from "../../demo/server/tokens/refresh-families.ts";
import type { SessionClientEvents, SessionServerEvents } from "../../demo/socket-events.ts";
import { event, SECRET, useDemoServer } from "../support/demo-browser.ts";

const { server, newBrowser, signedIn } = useDemoServer({
  accessTokenLifetime: 15_000,
  sessionLifetime: 3_600_000,
});

interface Tokens {
  access_token: string;
  refresh_token: string;
  expires_in: number;
}

/** A browser at the provider: keeps its cookies and follows no redirect by itself. */
class ProviderVisitor {
  readonly #cookies = new Map<string, string>();

  get cookies(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async go(target: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(new URL(target, server().url), {
      redirect: "manual",
      ...init,
      headers: { ...init.headers, Cookie: this.cookies },
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ""] = line.split(";");
      const [name = "", value = ""] = pair.split("=");
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    return response;
  }

  post(target: string, fields: Record<string, string>): Promise<Response> {
    // As a browser does with every POST.
    const headers = { Origin: server().url };
    return this.go(target, { method: "POST", body: new URLSearchParams(fields), headers });
  }

  /** Starts a sign-in. Answers the address of the provider's sign-in page. */
  async knock(verifier: string): Promise<string> {
    const challenge = createHash("sha256").update(verifier).digest("base64url");
    const query = new URLSearchParams({
      client_id: "authsocket-demo",
      redirect_uri: `${server().url}/openid`,
      response_type: "code",
      scope: "openid offline_access",
      prompt: "login consent",
      state: "the page's",
      code_challenge: challenge,
      code_challenge_method: "S256",
    });
    return location(await this.go(`/oidc/auth?${query}`));
  }

  async signIn(username: string, password: string): Promise<Tokens> {
    const verifier = randomBytes(32).toString("base64url");
    const page = await this.knock(verifier);
    const resume = location(await this.post(page, { username, password }));
    const back = new URL(location(await this.go(resume)), server().url);
    const response = await this.post("/oidc/token", {
      grant_type: "authorization_code",
      client_id: "authsocket-demo",
      redirect_uri: `${server().url}/openid`,
      code: back.searchParams.get("code") ?? "",
      code_verifier: verifier,
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Tokens;
  }

  refresh(refreshToken: string): Promise<Response> {
    return this.post("/oidc/token", {
      grant_type: "refresh_token",
      client_id: "authsocket-demo",
      refresh_token: refreshToken,
    });
  }
}

const location = (response: Response): string => {
  expect([302, 303]).toContain(response.status);
  return response.headers.get("location") ?? "";
};

describe("the demo's OpenID provider", () => {
  it("gives a user of the demo an access token that the sockets accept", async () => {
    const tokens = await new ProviderVisitor().signIn("alice", "wonderland");
    expect(tokens.expires_in).toBe(15);
    const socket = await newBrowser().connect(tokens.access_token);
    expect(await socket.emitWithAck("whoami")).toMatchObject({
      id: "user-1",
      username: "alice",
      role: "user",
    });
  });

  it("renews by refresh tokens that can be used once, and ends the sign-in when one is used twice", async () => {
    const visitor = new ProviderVisitor();
    const first = await visitor.signIn("bob", "builder");
    const renewed = (await (await visitor.refresh(first.refresh_token)).json()) as Tokens;
    expect(renewed.refresh_token).not.toBe(first.refresh_token);
    expect((await newBrowser().connect(renewed.access_token)).connected).toBe(true);
    for (const used of [first.refresh_token, renewed.refresh_token]) {
      const refused = await visitor.refresh(used);
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ error: "invalid_grant" });
    }
  });

  it("renews nobody who has signed out of the demo, and their token is revoked", async () => {
    const visitor = new ProviderVisitor();
    const tokens = await visitor.signIn("alice", "wonderland");
    await visitor.go("/api/logout", { method: "POST" });
    expect(await (await visitor.refresh(tokens.refresh_token)).json()).toMatchObject({
      error: "invalid_grant",
    });
    expect((await newBrowser().refusal(tokens.access_token)).data).toEqual({ code: "token_revoked" });
  });

  it("signs nobody in with a wrong password, and limits the attempts", async () => {
    const visitor = new ProviderVisitor();
    const page = await visitor.knock("x".repeat(43));
    const refused = await visitor.post(page, { username: "nobody", password: "guess" });
    expect(refused.status).toBe(401);
    expect(await refused.text()).toContain("This name and password do not match.");
    for (let attempt = 1; attempt < 10; attempt++)
      expect((await visitor.post(page, { username: "nobody", password: "guess" })).status).toBe(401);
    const limited = await visitor.post(page, { username: "nobody", password: "guess" });
    expect([limited.status, limited.headers.get("Content-Type")]).toEqual([
      429,
      expect.stringContaining("text/html"),
    ]);
    expect(await limited.text()).toMatch(/Too many attempts\. Please wait \d+ s\./);
  });

  it("takes the sign-in form from its own page only, and only in the browser that it has sent there", async () => {
    const visitor = new ProviderVisitor();
    const page = await visitor.knock("x".repeat(43));
    const fields = new URLSearchParams({ username: "alice", password: "wonderland" });
    const foreign = { method: "POST", body: fields, headers: { Origin: "https://elsewhere.example" } };
    expect((await visitor.go(page, foreign)).status).toBe(403);
    const stranger = new ProviderVisitor();
    for (const response of [
      await stranger.go(page),
      await stranger.post(page, { username: "alice", password: "wonderland" }),
    ]) {
      expect(response.status).toBe(400);
      expect(await response.text()).toContain("This sign-in has expired.");
    }
  });

  it("T21: its token with another signature, or for another audience, is refused as token_invalid", async () => {
    const { access_token: token } = await new ProviderVisitor().signIn("alice", "wonderland");
    const [header = "", payload = "", signature = ""] = token.split(".");
    const other = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: "user-3" })).toString("base64url");
    for (const forged of [
      `${header}.${other}.${signature}`,
      `${header}.${payload}.`,
      `${header}.${payload}.AAAA`,
    ])
      expect((await newBrowser().refusal(forged)).data).toEqual({ code: "token_invalid" });
  });

  it("the fault buttons break its sign-ins too", async () => {
    const visitor = new ProviderVisitor();
    const tokens = await visitor.signIn("alice", "wonderland");
    const order = (kind: string) => visitor.go(`/api/faults/${kind}`, { method: "POST" });
    const socket = await newBrowser().connect(tokens.access_token);
    const refused = event(socket, "connect_error");
    expect((await order("expire-token")).status).toBe(204);
    const [error] = (await refused) as [Error & { data: unknown }];
    expect(error.data).toEqual({ code: "token_expired" });
    const renewed = (await (await visitor.refresh(tokens.refresh_token)).json()) as Tokens;
    expect((await newBrowser().connect(renewed.access_token)).connected).toBe(true);

    expect((await order("refresh-503")).status).toBe(204);
    expect((await visitor.refresh(renewed.refresh_token)).status).toBe(503);
    expect((await visitor.refresh(renewed.refresh_token)).status).toBe(200);
    expect((await order("refresh-401")).status).toBe(204);
    const ended = await visitor.refresh(renewed.refresh_token);
    expect(await ended.json()).toMatchObject({ error: "invalid_grant" });
  });

  it("ends the sign-in that it replaces in this browser, with its cookie session's sockets", async () => {
    const visitor = new ProviderVisitor();
    const credentials = JSON.stringify({ username: "alice", password: "wonderland" });
    const headers = { "Content-Type": "application/json" };
    await visitor.go("/api/login", { method: "POST", body: credentials, headers });
    await visitor.go("/api/session", { method: "POST" });
    const browser = newBrowser();
    browser.useCookies(visitor.cookies);
    const socket = browser.of<SessionServerEvents, SessionClientEvents>("/session", undefined);
    const entered = event(socket, "session");
    socket.connect();
    await entered;
    const ended = event(socket, "disconnect");
    await visitor.signIn("bob", "builder");
    expect((await ended)[0]).toBe("io server disconnect");
  });

  it("is started by the next request when its start has failed", async () => {
    const store = new MemoryStore();
    const families = new RefreshFamilies(store, { key: Buffer.alloc(32), lifetime: 60_000, grace: 0 });
    const nodes = new Nodes(server().io, false);
    let starts = 0;
    const app = express().use(
      providerRoutes({
        ...{ store, families, nodes, origin: undefined, keys: providerKeys(Buffer.alloc(32, 1)) },
        accounts: new Accounts(store, { passwordCost: 2 }),
        accessTokens: new AccessTokens({ secret: SECRET, lifetime: 15_000 }),
        refreshCookie: new RefreshCookie({ secure: false, lifetime: 60_000 }),
        connections: new Connections(server().io, nodes, { namespaces: [], users: [], event: "" }),
        limits: new Limits(store),
        faults: new Faults(nodes),
        localOrigins: () => {
          if (++starts === 1) throw new Error("not yet");
          return ["http://127.0.0.1:1"];
        },
        cookieKey: "a key",
        accessTokenLifetime: 15_000,
        refreshLifetime: 60_000,
      }),
      (_error: unknown, _request: Request, response: ExpressResponse, _next: NextFunction) => {
        response.sendStatus(500);
      },
    );
    const http = app.listen(0, "127.0.0.1");
    onTestFinished(() => {
      http.close();
    });
    await once(http, "listening");
    const { port } = http.address() as AddressInfo;
    const ask = () => fetch(`http://127.0.0.1:${port}/oidc/.well-known/openid-configuration`);
    expect([(await ask()).status, (await ask()).status]).toEqual([500, 200]);
  });

  it("is beside the other sign-ins: their tokens are as they were", async () => {
    const { browser, token } = await signedIn("alice");
    expect((await browser.connect(token)).connected).toBe(true);
  });
});
