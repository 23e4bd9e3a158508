import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { CognitoJwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { createVerifier } from "fast-jwt";
import { createLocalJWKSet, createRemoteJWKSet, exportJWK, type JWTPayload, jwtVerify, SignJWT } from "jose";
import jsonwebtoken from "jsonwebtoken";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { AuthError, type AuthEvent, authenticate, type Identity } from "../../src/server/index.ts";
import { client, enter, refusal, startServer, Tokens } from "../support/guarded-server.ts";

const KID = "key-1";
const ISSUER = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abcdefghi";
const SECRET = "a secret of the tests that is long enough for every library";

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const other = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const pem = rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const jwks = { keys: [{ ...(await exportJWK(rsa.publicKey)), kid: KID, alg: "RS256", use: "sig" }] };

type Claims = JWTPayload;

/** A Unix second, so far from now. */
const inSeconds = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;

const base64url = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** What a user pool of Cognito says besides; other libraries take no notice. */
const claims = (more: Claims = {}): Claims => ({
  sub: "alice",
  iss: ISSUER,
  client_id: "the-client",
  token_use: "access",
  iat: inSeconds(-10),
  exp: inSeconds(600),
  ...more,
});

async function sign(payload: Claims, key: KeyObject = rsa.privateKey, header: object = {}): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "RS256", kid: KID, ...header }).sign(key);
}

type Verify = (token: string) => Promise<Identity>;

const identity = (payload: { sub?: unknown; exp?: unknown }): Identity => ({
  subject: String(payload.sub),
  expiresAt: Number(payload.exp) * 1_000,
  claims: payload,
});

const cognito = () => {
  const verifier = CognitoJwtVerifier.create(
    { userPoolId: "eu-west-1_abcdefghi", tokenUse: "access", clientId: "the-client" },
    {
      jwksCache: new SimpleJwksCache({
        fetcher: { fetch: () => Promise.reject(new Error("no network here")) },
      }),
    },
  );
  verifier.cacheJwks(jwks as Parameters<typeof verifier.cacheJwks>[0]);
  return verifier;
};

/** A verify by each library, as their own papers show it. */
const libraries: Record<string, () => Verify> = {
  jose: () => {
    const keys = createLocalJWKSet(jwks);
    return async (token) => identity((await jwtVerify(token, keys, { algorithms: ["RS256"] })).payload);
  },
  jsonwebtoken: () => async (token) =>
    identity(jsonwebtoken.verify(token, pem, { algorithms: ["RS256"] }) as jsonwebtoken.JwtPayload),
  "fast-jwt": () => {
    const verify = createVerifier({ key: pem, algorithms: ["RS256"] });
    return async (token) => identity(verify(token));
  },
  "aws-jwt-verify": () => {
    const verifier = cognito();
    return async (token) => identity(await verifier.verify(token));
  },
};

const TOKENS: [name: string, make: () => string | Promise<string>, code: string][] = [
  ["expired", () => sign(claims({ exp: inSeconds(-60) })), "token_expired"],
  ["not valid yet", () => sign(claims({ nbf: inSeconds(600) })), "token_invalid"],
  ["signed by another key", () => sign(claims(), other.privateKey), "token_invalid"],
  ["of alg none", () => `${base64url({ alg: "none", kid: KID })}.${base64url(claims())}.`, "token_invalid"],
  [
    "of another algorithm, signed by the public key",
    () => {
      const header = { algorithm: "HS256", keyid: KID } as const;
      return jsonwebtoken.sign(claims(), SECRET, header);
    },
    "token_invalid",
  ],
  ["of ES256", () => sign(claims(), ec.privateKey, { alg: "ES256" }), "token_invalid"],
  [
    "with an extension that must be understood",
    async () => {
      const [, payload, signature] = (await sign(claims())).split(".");
      return `${base64url({ alg: "RS256", kid: KID, crit: ["x"], x: 1 })}.${payload}.${signature}`;
    },
    "token_invalid",
  ],
  [
    "with a header of broken JSON",
    () => `${base64url('{"alg":"RS2')}.${base64url(claims())}.x`,
    "token_invalid",
  ],
  [
    "with a payload of broken JSON",
    () => `${base64url({ alg: "RS256", kid: KID })}.${base64url("{")}.x`,
    "token_invalid",
  ],
  [
    "with a payload that is a list",
    () => `${base64url({ alg: "RS256" })}.${base64url([1])}.x`,
    "token_invalid",
  ],
  [
    "with a payload that is null",
    () => `${base64url({ alg: "RS256" })}.${base64url("null")}.x`,
    "token_invalid",
  ],
  ["of empty parts", () => "..", "token_invalid"],
  ["of two parts", () => "eyJhbGciOiJSUzI1NiJ9.e30", "token_invalid"],
  ["of no sense", () => "garbage", "token_invalid"],
  ["with its signature cut off", async () => (await sign(claims())).slice(0, -20), "token_invalid"],
  [
    "with its payload changed",
    async () => {
      const [header, , signature] = (await sign(claims())).split(".");
      return `${header}.${base64url(claims({ sub: "root" }))}.${signature}`;
    },
    "token_invalid",
  ],
];

describe.each(Object.keys(libraries))("V1 what %s throws about a token is a verdict", (name) => {
  const verify = libraries[name]?.() as Verify;

  it("and a good token is let in", async () => {
    const { io, url } = await startServer();
    authenticate(io, { verify });
    await enter(client(url, { token: await sign(claims()) }));
  });

  it.each(TOKENS)("a token %s", async (_token, make, code) => {
    const { io, url } = await startServer();
    const events: AuthEvent[] = [];
    authenticate(io, { verify, onEvent: (event) => events.push(event) });
    const token = await make();

    expect((await refusal(client(url, { token }))).data).toEqual({ code });

    expect(events).toEqual([
      { type: "refused", namespace: "/", id: expect.any(String), code, subject: undefined },
    ]);
  });
});

describe("V1 a token without the key's name", () => {
  it.each(Object.keys(libraries))("%s refuses it, or needs no name", async (name) => {
    const { io, url } = await startServer();
    authenticate(io, { verify: libraries[name]?.() as Verify });
    const token = await new SignJWT(claims()).setProtectedHeader({ alg: "RS256" }).sign(rsa.privateKey);
    const socket = client(url, { token });
    if (name === "aws-jwt-verify") expect((await refusal(socket)).data).toEqual({ code: "token_invalid" });
    else await enter(socket);
  });

  it.each(["jose", "aws-jwt-verify"])(
    "%s: a key's name that nobody knows is the token's fault",
    async (name) => {
      const { io, url } = await startServer();
      const verify =
        name === "jose"
          ? (libraries.jose?.() as Verify)
          : async (token: string) => {
              const verifier = CognitoJwtVerifier.create(
                { userPoolId: "eu-west-1_abcdefghi", tokenUse: "access", clientId: "the-client" },
                {
                  jwksCache: new SimpleJwksCache({
                    fetcher: {
                      fetch: async () => new TextEncoder().encode(JSON.stringify(jwks)).buffer as ArrayBuffer,
                    },
                  }),
                },
              );
              return identity(await verifier.verify(token));
            };
      authenticate(io, { verify });
      const token = await sign(claims(), rsa.privateKey, { kid: "unknown" });

      expect((await refusal(client(url, { token }))).data).toEqual({ code: "token_invalid" });
    },
  );
});

/** A refusal as unavailable, to be tried again in one to two seconds. */
const laterData = { code: "unavailable", retryAfter: expect.any(Number) };

function inWords(words: Partial<Error> & { code?: unknown }): Error {
  return Object.assign(new Error(words.message), words);
}

describe("V1 by shape", () => {
  it.each([
    ["auth/id-token-expired", "token_expired"],
    ["auth/id-token-revoked", "token_invalid"],
    ["auth/argument-error", "token_invalid"],
    ["auth/internal-error", "unavailable"],
    ["auth/certificate-fetch-failed", "unavailable"],
    ["ERR_JWKS_TIMEOUT", "unavailable"],
    ["ERR_JWKS_INVALID", "unavailable"],
    ["ERR_JWK_INVALID", "unavailable"],
    ["ERR_JOSE_GENERIC", "unavailable"],
    ["ERR_JWKS_MULTIPLE_MATCHING_KEYS", "token_invalid"],
    ["FAST_JWT_KEY_FETCHING_ERROR", "unavailable"],
    ["FAST_JWT_INVALID_KEY", "unavailable"],
    ["ECONNREFUSED", "unavailable"],
    ["42P01", "unavailable"],
    [42, "unavailable"],
  ])("an error of code %s is %s", async (code, said) => {
    const { io, url } = await startServer();
    authenticate(io, {
      verify: () => {
        throw inWords({ message: "x", code });
      },
      onEvent: () => {},
    });
    const { data } = await refusal(client(url, { token: "x" }));
    expect(data).toMatchObject({ code: said });
  });

  it.each<[string, () => unknown]>([
    [
      "the key server's silence",
      async () => {
        const keys = createRemoteJWKSet(new URL("http://127.0.0.1:9/jwks.json"));
        await jwtVerify(await sign(claims()), keys, { algorithms: ["RS256"] });
      },
    ],
    ["jsonwebtoken without a secret", () => jsonwebtoken.verify(jsonwebtoken.sign({}, SECRET), "")],
    [
      "jsonwebtoken's key callback",
      () =>
        new Promise((_, reject) =>
          jsonwebtoken.verify(
            jsonwebtoken.sign({}, SECRET),
            (_header, answer) => answer(new Error("no key server")),
            (error) => reject(error),
          ),
        ),
    ],
    ...["Error fetching public keys for Google certs: 503", "Error while making request: ENOTFOUND"].map(
      (message): [string, () => unknown] => [
        `firebase-admin's "${message}"`,
        () => Promise.reject(inWords({ message, code: "auth/argument-error" })),
      ],
    ),
    ["a fetch that fails", () => fetch("http://127.0.0.1:9/")],
    ["an error", () => Promise.reject(new Error("no database"))],
    ["a TypeError", () => Object(undefined).subject.length],
    ["what is no error", () => Promise.reject("x")],
    ["undefined", () => Promise.reject(undefined)],
    [
      "an error whose properties throw",
      () => {
        throw Object.defineProperty(new Error("x"), "code", {
          get() {
            throw new Error("y");
          },
        });
      },
    ],
  ])("%s is a fault: unavailable, for one to two seconds, told by onEvent", async (_name, fail) => {
    const { io, url } = await startServer();
    const events: AuthEvent[] = [];
    const verify = async () => {
      await fail();
      throw new Error("it should have failed");
    };
    authenticate(io, { verify, onEvent: (event) => events.push(event) });

    const { data, message } = await refusal(client(url, { token: "x" }));

    expect(data).toEqual(laterData);
    const { retryAfter } = data as { retryAfter: number };
    expect(retryAfter).toBeGreaterThanOrEqual(1_000);
    expect(retryAfter).toBeLessThanOrEqual(2_000);
    expect(message).toBe("Authentication unavailable");
    expect(events.map(({ type }) => type)).toEqual(["fault", "refused"]);
    expect(events[0]).toMatchObject({ namespace: "/", error: expect.any(String) });
  });

  it.each<[string, unknown, object]>([
    ["nothing", undefined, { code: "token_invalid" }],
    ["null", null, { code: "token_invalid" }],
    ["an expired identity", { subject: "a", expiresAt: Date.now() - 1 }, { code: "token_expired" }],
    ["no subject", { expiresAt: Date.now() + 1e5 }, laterData],
    ["an empty subject", { subject: "", expiresAt: Date.now() + 1e5 }, laterData],
    ["a subject that is a number", { subject: 42, expiresAt: Date.now() + 1e5 }, laterData],
    ["no expiresAt", { subject: "a" }, laterData],
    ["NaN as expiresAt", { subject: "a", expiresAt: Number.NaN }, laterData],
    ["Infinity as expiresAt", { subject: "a", expiresAt: Number.POSITIVE_INFINITY }, laterData],
    ["a Date as expiresAt", { subject: "a", expiresAt: new Date(Date.now() + 1e5) }, laterData],
    ["seconds as expiresAt", { subject: "a", expiresAt: Date.now() / 1_000 + 100 }, laterData],
    ["a text", "alice", laterData],
  ])("a verify that answers %s", async (_name, answer, data) => {
    const { io, url } = await startServer();
    authenticate(io, { verify: () => answer as Identity, onEvent: () => {} });
    expect((await refusal(client(url, { token: "x" }))).data).toEqual(data);
  });

  it("a verify that answers seconds is told in a warning that names the cure", async () => {
    const { io, url } = await startServer();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    authenticate(io, { verify: () => ({ subject: "a", expiresAt: Date.now() / 1_000 + 100, claims: {} }) });
    await refusal(client(url, { token: "x" }));
    expect(JSON.stringify(warnings.mock.calls)).toContain("exp * 1000");
  });

  it("section 5: an AuthError of verify is passed on with its code, message and retryAfter, without its cause", async () => {
    const { io, url } = await startServer();
    authenticate(io, {
      verify: () => {
        throw new AuthError("unavailable", "the key server rests", { retryAfter: 1_500, cause: "a secret" });
      },
    });
    expect(await refusal(client(url, { token: "x" }))).toEqual({
      message: "the key server rests",
      data: { code: "unavailable", retryAfter: 1_500 },
    });
  });

  it("V7 an AuthError of another copy of the package counts as one", async () => {
    const { io, url } = await startServer();
    vi.resetModules();
    const copy = await import("../../src/server/auth-error.ts");
    expect(copy.AuthError).not.toBe(AuthError);
    authenticate(io, {
      verify: () => {
        throw new copy.AuthError("token_revoked", "gone");
      },
    });
    expect(await refusal(client(url, { token: "x" }))).toEqual({
      message: "gone",
      data: { code: "token_revoked" },
    });
  });
});

describe("V6 an AuthError of another version, with a code that is not known here", () => {
  const later = Object.assign(new Error("later"), {
    [Symbol.for("authsocket.AuthError")]: true,
    data: { code: "token_not_yet_valid" },
  });
  const fail = () => {
    throw later;
  };

  it.each<[string, Partial<Parameters<typeof authenticate>[1]>]>([
    ["verify", { verify: fail }],
    ["authorize", { authorize: fail }],
    ["a middleware", {}],
  ])("is a fault, and the CONNECT is answered, if %s throws it", async (name, options) => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const events: AuthEvent[] = [];
    authenticate(io, { verify: tokens.verify, onEvent: (event) => events.push(event), ...options });
    if (name === "a middleware") io.use(async () => fail());
    expect((await refusal(client(url, { token: tokens.issue() }))).data).toMatchObject({
      code: "unavailable",
    });
    expect(events.map(({ type }) => type)).toEqual(["fault", "refused"]);
  });

  it("is a fault, and the renewal is answered, if authorize throws it", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    const authorize = vi.fn(() => true);
    authenticate(io, { verify: tokens.verify, authorize, onEvent: () => {} });
    const socket = client(url, { token: tokens.issue() });
    await enter(socket);
    authorize.mockImplementationOnce(fail);
    const answers = [1, 2].map(() => socket.emitWithAck("auth:renew", { token: tokens.issue() }));
    expect(await Promise.all(answers)).toEqual([
      { code: "unavailable", message: expect.any(String) },
      { expiresIn: expect.any(Number) },
    ]);
  });
});

describe("V1 a fault", () => {
  it("of one token is token_invalid from its third time on, while others verify", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    authenticate(io, {
      verify: async (token) => {
        if (token.startsWith("odd")) throw new TypeError("Invalid key for this operation");
        return tokens.verify(token);
      },
      onEvent: () => {},
    });
    const codes: unknown[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      codes.push(Object((await refusal(client(url, { token: "odd-token" }))).data).code);
      const socket = client(url, { token: tokens.issue() });
      await enter(socket);
      socket.disconnect();
    }
    expect(codes).toEqual(["unavailable", "unavailable", "token_invalid", "token_invalid"]);
    expect((await refusal(client(url, { token: "odd-other" }))).data).toEqual(laterData);
  });

  it("of all tokens says nothing of any, however often", async () => {
    const { io, url } = await startServer();
    const tokens = new Tokens();
    let isDown = false;
    authenticate(io, {
      verify: async (token) => {
        if (isDown) throw new Error("no key server");
        return tokens.verify(token);
      },
      onEvent: () => {},
    });
    await enter(client(url, { token: tokens.issue() }));
    isDown = true;
    const token = tokens.issue({ subject: "bob" });
    for (let attempt = 0; attempt < 5; attempt++) {
      expect((await refusal(client(url, { token }))).data).toEqual(laterData);
    }
    isDown = false;
    await enter(client(url, { token }));
  });

  it("without onEvent is one warning a minute, of the process", async () => {
    const { io, url } = await startServer();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const clock = vi.spyOn(performance, "now");
    authenticate(io, {
      verify: () => {
        throw new Error("no key server");
      },
    });
    const ask = () => refusal(client(url, { token: "x" }));
    await ask();
    await ask();
    expect(warnings).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(warnings.mock.calls[0])).toContain("no key server");
    const now = performance.now() + 60_001;
    clock.mockImplementation(() => now);
    await ask();
    expect(warnings).toHaveBeenCalledTimes(2);
  });

  it("is one warning a minute, however many namespaces clients invent", async () => {
    const { io, url } = await startServer();
    const warnings = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    authenticate(io.of(/^\/room-/), {
      verify: () => {
        throw new Error("no key server");
      },
    });
    for (const name of ["/room-1", "/room-2"]) await refusal(client(`${url}${name}`, { token: "x" }));

    expect(warnings).toHaveBeenCalledTimes(1);
    expect(JSON.stringify(warnings.mock.calls[0])).toContain("/room-1");
  });

  it("S1 that quotes the token, whole or in part, tells onEvent no part of it", async () => {
    const { io, url } = await startServer();
    const events: AuthEvent[] = [];
    const token = await sign(claims());
    const opaque = "opaque/token+with=signs-0123456789";
    authenticate(io, {
      verify: (text) => {
        throw new Error(`cannot read "${text}" at ${text.slice(0, 12)}…`, {
          cause: new Error(text.slice(5, 25)),
        });
      },
      onEvent: (event) => events.push(event),
    });
    for (const secret of [token, opaque]) await refusal(client(url, { token: secret }));
    const told = JSON.stringify(events);
    for (const secret of [token, opaque]) {
      for (let at = 0; at + 8 <= secret.length; at++) expect(told).not.toContain(secret.slice(at, at + 8));
    }
    expect(events[0]?.error).toContain("cannot read");
  });

  it("of two hundred clients for five seconds signs nobody out, makes no storm, and all are back", async () => {
    const { io, url } = await startServer();
    let isDown = false;
    const server = createServer((_, response) => {
      if (isDown) response.socket?.destroy();
      else response.setHeader("Content-Type", "application/json").end(JSON.stringify(jwks));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const keys = createRemoteJWKSet(new URL(`http://127.0.0.1:${port}/`), {
      cacheMaxAge: 0,
      cooldownDuration: 0,
    });
    const faults: AuthEvent[] = [];
    authenticate(io, {
      verify: async (token) => identity((await jwtVerify(token, keys, { algorithms: ["RS256"] })).payload),
      onEvent: (event) => event.type === "fault" && faults.push(event),
    });
    const token = await sign(claims());
    await enter(client(url, { token }));
    const tokens = await Promise.all(
      Array.from({ length: 200 }, (_, number) => sign(claims({ jti: String(number) }))),
    );
    isDown = true;
    const codes = new Set<unknown>();
    let attempts = 0;
    const comeBack = async (token: string) => {
      const socket = client(url, { token });
      for (;;) {
        attempts++;
        const refused = await enter(socket).then(
          () => undefined,
          (error: { data: { code: string; retryAfter: number } }) => error.data,
        );
        if (!refused) return;
        if (codes.size === 0) {
          setTimeout(() => {
            isDown = false;
          }, 5_000);
        }
        codes.add(refused.code);
        await new Promise((resolve) => setTimeout(resolve, refused.retryAfter));
      }
    };
    await Promise.all(tokens.map(comeBack));

    expect([...codes]).toEqual(["unavailable"]);
    // One a second and a half on the average, and one that succeeds.
    expect(attempts).toBeLessThanOrEqual(200 * 7);
    expect(faults.length).toBe(attempts - 200);
    expect(io.of("/").sockets.size).toBe(201);
  }, 120_000);
});
