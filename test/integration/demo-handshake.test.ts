import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type AuthEvent, authenticate } from "authsocket/server";
import { decodeJwt, errors, SignJWT } from "jose";
import { Server } from "socket.io";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Faults } from "../../demo/server/faults/faults.ts";
import { admission } from "../../demo/server/handshake/admission.ts";
import { authenticateHandshake } from "../../demo/server/handshake/middleware.ts";
import { Accounts } from "../../demo/server/people/accounts.ts";
import { addDemoAccounts, demoAccounts } from "../../demo/server/people/demo-accounts.ts";
import type { DemoIo } from "../../demo/server/sockets/demo-io.ts";
import { Nodes } from "../../demo/server/sockets/nodes.ts";
import { type Store, StoreError } from "../../demo/server/stores/store.ts";
import { AccessTokens } from "../../demo/server/tokens/access-tokens.ts";
import { providerKeys } from "../../demo/server/tokens/provider-keys.ts";
import { ProviderTokens } from "../../demo/server/tokens/provider-tokens.ts";
import { RefreshFamilies } from "../../demo/server/tokens/refresh-families.ts";
import {
  Browser,
  event,
  holdNextConnect,
  recordTicks,
  SECRET,
  useDemoServer,
} from "../support/demo-browser.ts";
import { useSkippableTime } from "../support/skippable-time.ts";

describe.each(["inBand", "cut"] as const)("the handshake where renewal is %s", (renewal) => {
  const { server, refusals, newBrowser, signedIn } = useDemoServer({ renewal });

  /** A token as the server signs it, apart from what is changed. */
  function signed(
    token: string,
    changes: Record<string, unknown>,
    secret = SECRET,
    alg = "HS256",
  ): Promise<string> {
    return new SignJWT({ ...decodeJwt(token), ...changes })
      .setProtectedHeader({ alg, typ: "JWT" })
      .sign(new TextEncoder().encode(secret));
  }

  it("lets a valid token in, and keeps who it is but not the token", async () => {
    const { browser, token } = await signedIn("bob");
    const socket = await browser.connect(token);
    const [serverSide] = (await server().io.fetchSockets()).filter(({ id }) => id === socket.id);
    expect(serverSide?.data.auth).toMatchObject({
      subject: "user-2",
      claims: { username: "bob", email: "bob@example.com", role: "user" },
    });
    expect(JSON.stringify([serverSide?.data, serverSide?.handshake])).not.toContain(token);
  });

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["empty", ""],
  ])("refuses a token that is %s as token_missing", async (_, token) => {
    const error = await newBrowser().refusal(token);
    expect(error.data).toEqual({ code: "token_missing" });
    expect(error.message).toBe("No token provided");
  });

  it("refuses a handshake without any auth as token_missing", async () => {
    expect((await newBrowser().refusal(undefined, { auth: {} })).data).toEqual({ code: "token_missing" });
  });

  it.each<[string, unknown]>([
    ["an object", { toString: "x" }],
    ["a number", 42],
    ["a list", ["x"]],
    ["true", true],
    ["binary", Buffer.from("x")],
    ["not a JWT", "x"],
    ["three dots", "..."],
    ["not text of this planet", "\u0000\ud800.é.☃"],
    ["50 kB long", "x".repeat(50_000)],
  ])("T21: refuses a token that is %s as token_invalid", async (_, token) => {
    expect((await newBrowser().refusal(token)).data).toEqual({ code: "token_invalid" });
    expect(refusals).toEqual(["token_invalid"]);
  });

  it("T21: outlives a token of 1 MB", async () => {
    const socket = newBrowser().open("x".repeat(1_000_000));
    const dropped = new Promise((resolve) => socket.io.once("close", resolve));
    socket.connect();
    await dropped;
    socket.disconnect();
    const { browser, token } = await signedIn();
    expect((await browser.connect(token)).connected).toBe(true);
  });

  it("refuses tokens that this server did not issue as token_invalid", async () => {
    const { token } = await signedIn();
    const [, payload = ""] = token.split(".");
    const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${payload}.`;
    const foreign = {
      "another secret": await signed(token, {}, SECRET.toUpperCase()),
      "another algorithm": await signed(token, {}, SECRET, "HS512"),
      "another issuer": await signed(token, { iss: "somebody" }),
      "another audience": await signed(token, { aud: "something" }),
      "no subject": await signed(token, { sub: undefined }),
      "no id": await signed(token, { jti: undefined }),
      "no expiry": await signed(token, { exp: undefined }),
      "an unknown role": await signed(token, { role: "root" }),
      "an instant of issue that is to come": await signed(token, { iat: Date.now() / 1000 + 60 }),
      "a longer life than this server gives": await signed(token, { exp: Date.now() / 1000 + 60 }),
      "no session": await signed(token, { sid: undefined }),
      "no signature": unsigned,
      "a changed signature": `${token.slice(0, -4)}AAAA`,
    };
    const codes: Record<string, unknown> = {};
    for (const [what, forged] of Object.entries(foreign))
      codes[what] = (await newBrowser().refusal(forged)).data?.code;
    expect(codes).toEqual(Object.fromEntries(Object.keys(foreign).map((what) => [what, "token_invalid"])));
  });

  it("refuses an expired token as token_expired, to the millisecond", async () => {
    const { token } = await signedIn();
    const now = Date.now() / 1000;
    for (const exp of [now - 3600, now - 0.002]) {
      const error = await newBrowser().refusal(await signed(token, { iat: now - 7200, exp }));
      expect(error.data).toEqual({ code: "token_expired" });
      expect(error.message).toBe("Token expired");
    }
  });
});

/** A Socket.IO server with nothing on it, and a browser for it. */
async function bareServer(): Promise<{ io: DemoIo; browser: Browser }> {
  const http = createServer();
  const io: DemoIo = new Server(http);
  onTestFinished(() => io.close());
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { io, browser: new Browser(`http://127.0.0.1:${(http.address() as AddressInfo).port}`) };
}

describe("the handshake middleware by hand", () => {
  it("T16: refuses as unavailable when the check itself fails, instead of leaving the client waiting", async () => {
    const { io, browser } = await bareServer();
    authenticateHandshake(io, () => Promise.reject(new Error("the key store does not answer: eyJ.secret")));
    const error = await browser.refusal("x");
    expect(error.data).toEqual({ code: "unavailable", retryAfter: 1000 });
    expect(error.message).not.toContain("secret");
  });

  it.each([
    ["token_expired", new errors.JWTExpired("expired", {})],
    ["token_invalid", new errors.JWSInvalid()],
    ["token_invalid", new errors.JOSEAlgNotAllowed()],
    ["token_invalid", new errors.JWKSNoMatchingKey()],
    ["unavailable", new errors.JWKSTimeout()],
    ["unavailable", new errors.JWKSInvalid()],
  ])("V1 answers %s to %s: an error about the keys says nothing about the token", async (code, error) => {
    const { io, browser } = await bareServer();
    authenticateHandshake(io, () => Promise.reject(error));
    expect((await browser.refusal("x")).data?.code).toBe(code);
  });
});

describe("the demo's verify", () => {
  it("V1 passes a store that is down on as a fault, which authenticate reports", async () => {
    const down = () => Promise.reject(new StoreError("Redis cannot be reached"));
    const store: Store = { get: down, update: down, delete: down };
    const { io, browser } = await bareServer();
    const accessTokens = new AccessTokens({ secret: SECRET, lifetime: 15_000 });
    const accounts = new Accounts(store, { passwordCost: 2 });
    await addDemoAccounts(accounts);
    const { verify } = admission({
      ...{ accessTokens, accounts },
      providerTokens: new ProviderTokens(providerKeys(Buffer.alloc(32, 1))),
      families: new RefreshFamilies(store, { key: Buffer.alloc(32), lifetime: 60_000, grace: 0 }),
      faults: new Faults(new Nodes(io, false)),
    });
    const events: AuthEvent[] = [];
    authenticate(io, { verify, onEvent: (event) => events.push(event) });
    const [alice] = demoAccounts;
    if (!alice) throw new Error("There is no demo account");
    const { token } = await accessTokens.issue(alice, "a family");
    expect((await browser.refusal(token)).data).toMatchObject({ code: "unavailable" });
    expect(events).toContainEqual(
      expect.objectContaining({ type: "fault", error: expect.stringContaining("Redis cannot be reached") }),
    );
  });
});

describe.each(["inBand", "cut"] as const)("the cut at expiry where renewal is %s", (renewal) => {
  const { signedIn, serve } = useDemoServer({ renewal });

  it("disconnects each socket when its token expires, not before", async () => {
    const skip = useSkippableTime();
    const server = await serve({ renewal, accessTokenLifetime: 20_000 });
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    const ended = event(socket, "disconnect");
    const end = (decodeJwt(token).exp ?? 0) * 1000;
    await skip(end - Date.now() - 2_000);
    expect((await socket.emitWithAck("whoami")).username).toBe("alice");
    await skip(2_001);
    expect((await ended)[0]).toBe("io server disconnect");
    expect((await browser.refusal(token)).data).toEqual({ code: "token_expired" });
  });

  it("V2 handles nothing, and disconnects within a second, once the clock was set forward past the expiry", async () => {
    // Less than a heartbeat's time, by which the client would take its connection for lost.
    const lifetime = 30_000;
    const server = await serve({ renewal, accessTokenLifetime: lifetime });
    const { browser, token } = await signedIn("alice", server);
    const [talkative, silent] = [await browser.connect(token), await browser.connect(token)];
    const ended = Promise.all([talkative, silent].map((socket) => event(socket, "disconnect")));
    const answered = vi.fn();
    const { now } = Date;
    const begun = performance.now();
    vi.spyOn(Date, "now").mockImplementation(() => now.call(Date) + lifetime);
    talkative.emit("whoami", answered);

    for (const [reason] of await ended) expect(reason).toBe("io server disconnect");
    expect(answered).not.toHaveBeenCalled();
    // By timers alone, that would be when the token's life is over.
    expect(performance.now() - begun).toBeLessThan(lifetime / 2);
  });

  it("T19: leaves a socket alone whose token lives longer than a timer can", async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning.name);
    process.on("warning", onWarning);
    onTestFinished(() => {
      process.off("warning", onWarning);
    });
    const server = await serve({ renewal, accessTokenLifetime: 30 * 24 * 60 * 60 * 1000 });
    const { browser, token } = await signedIn("alice", server);
    const socket = await browser.connect(token);
    const { reached } = recordTicks(socket);
    const { from } = await socket.emitWithAck("ticks", null);
    await reached(from + 3);
    expect(socket.connected).toBe(true);
    // Node's sign of a timer that fires at once.
    expect(warnings).not.toContain("TimeoutOverflowWarning");
  });
});

describe.each(["inBand", "cut"] as const)(
  "a sign-in that ends during a handshake, where renewal is %s",
  (renewal) => {
    const { server, newBrowser, signedIn } = useDemoServer({ renewal });

    it("leaves no socket behind: who was connecting is disconnected", async () => {
      const { browser, token } = await signedIn();
      const thief = newBrowser();
      thief.takeCookies(browser);
      await browser.refresh();
      const held = holdNextConnect(server().io);
      const socket = browser.open(token);
      const ended = event(socket, "disconnect");
      socket.connect();
      const release = await held;
      // A refresh token that is used twice ends the sign-in.
      expect((await thief.refresh()).status).toBe(401);
      release();
      expect((await ended)[0]).toBe("io server disconnect");
      expect((await browser.refusal(token)).data).toEqual({ code: "token_revoked" });
    });
  },
);
