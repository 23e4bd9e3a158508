import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeJwt, SignJWT } from "jose";
import { Server } from "socket.io";
import { describe, expect, it, onTestFinished } from "vitest";
import { authenticateHandshake } from "../../demo/server/handshake/middleware.ts";
import type { DemoIo } from "../../demo/server/sockets/demo-io.ts";
import { Browser, event, recordTicks, SECRET, useDemoServer } from "../support/demo-browser.ts";
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

describe("the handshake middleware by hand", () => {
  it("T16: refuses as unavailable when the check itself fails, instead of leaving the client waiting", async () => {
    const http = createServer();
    const io: DemoIo = new Server(http);
    onTestFinished(() => io.close());
    authenticateHandshake(io, () => Promise.reject(new Error("the key store does not answer: eyJ.secret")));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const browser = new Browser(`http://127.0.0.1:${(http.address() as AddressInfo).port}`);
    const error = await browser.refusal("x");
    expect(error.data).toEqual({ code: "unavailable", retryAfter: 1000 });
    expect(error.message).not.toContain("secret");
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
