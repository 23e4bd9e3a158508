import { spawn } from "node:child_process";
import { once } from "node:events";
import { request } from "node:http";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createDemoServer, type DemoServer } from "../../demo/server/index.ts";
import { hashPassword, isPassword, PASSWORD_COST } from "../../demo/server/people/password-hash.ts";
import { Browser, event, OWN_HEADER, SECRET, useDemoServer } from "../support/demo-browser.ts";

const { server, newBrowser, signedIn, serve } = useDemoServer();

const FOREIGN = "https://evil.example";
const POLLING = "/socket.io/?EIO=4&transport=polling";
const WEBSOCKET = "/socket.io/?EIO=4&transport=websocket";

/** The status of a WebSocket's opening request: 101 where it was opened, 400 for whatever reason the engine refuses it. */
function upgrade(
  path: string,
  headers: Record<string, string> = {},
  to = server(),
): Promise<number | undefined> {
  const opening = request(to.url + path, {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
      ...headers,
    },
  });
  return new Promise((resolve, reject) => {
    opening.on("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    opening.on("upgrade", (_, socket) => {
      socket.destroy();
      resolve(101);
    });
    opening.on("error", reject);
    opening.end();
  });
}

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(server().url + path, { headers });

describe("foreign origins", () => {
  const own = () => server().url;
  const elsewhere = () => [
    FOREIGN,
    "null",
    own().replace(/\d+$/, "1"),
    own().replace("http:", "https:"),
    "x",
  ];

  it("are refused on polling, and the own one is not", async () => {
    for (const Origin of elsewhere()) expect((await get(POLLING, { Origin })).status).toBe(403);
    expect((await get(POLLING, { "Sec-Fetch-Site": "cross-site" })).status).toBe(403);
    expect((await get(POLLING, { "Sec-Fetch-Site": "same-site" })).status).toBe(403);
    expect((await get(POLLING, { Origin: own() })).status).toBe(200);
    expect((await get(POLLING, { "Sec-Fetch-Site": "same-origin" })).status).toBe(200);
  });

  it("are refused on WebSocket, and the own one is not", async () => {
    for (const Origin of elsewhere()) expect(await upgrade(WEBSOCKET, { Origin })).toBe(400);
    expect(await upgrade(WEBSOCKET, { Origin: own() })).toBe(101);
  });

  it("are refused on every HTTP entry, with the user's own cookies", async () => {
    const { browser } = await signedIn();
    const entries = ["login", "refresh-token", "logout", "logout-everywhere", "session", "faults/kick"];
    for (const entry of entries)
      for (const headers of [{ Origin: FOREIGN }, { "Sec-Fetch-Site": "cross-site" }]) {
        const response = await browser.post(`/api/${entry}`, {}, { ...OWN_HEADER, ...headers });
        expect([entry, response.status]).toEqual([entry, 403]);
        expect(response.headers.get("Access-Control-Allow-Origin")).toBeNull();
      }
    const refresh = await browser.post("/api/refresh-token", {}, { ...OWN_HEADER, Origin: own() });
    expect(refresh.status).toBe(200);
  });

  it("are refused where the page's host name was only pointed to this address", async () => {
    const { port } = new URL(own());
    const headers = { Origin: `http://evil.example:${port}`, Host: `evil.example:${port}` };
    expect(await upgrade(WEBSOCKET, headers)).toBe(400);
  });
});

describe("the refresh endpoint", () => {
  it.each(["GET", "PUT", "DELETE", "HEAD"])("answers no %s, and uses no token up for it", async (method) => {
    const { browser } = await signedIn();
    const response = await browser.send(method, "/api/refresh-token", undefined, OWN_HEADER);
    expect(response.status).toBe(404);
    expect((await browser.refresh()).status).toBe(200);
  });
});

describe("a token in a URL", () => {
  it.each(["token=x", "access_token=x", "auth=x", "a=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"])(
    "is refused with 400, whatever it is called: %s",
    async (query) => {
      const { token } = await signedIn();
      const withToken = query.replace(/=x$/, `=${token}`);
      expect((await get(`${POLLING}&${withToken}`)).status).toBe(400);
      expect(await upgrade(`${WEBSOCKET}&${withToken}`)).toBe(400);
      for (const path of ["/", "/app", "/api/login", "/api/refresh-token"]) {
        const response = await get(`${path}?${withToken}`);
        expect(response.status).toBe(400);
        expect(await response.text()).not.toContain(token);
      }
    },
  );

  it("is refused in the path too", async () => {
    expect((await get("/api/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x")).status).toBe(400);
  });
});

describe("cookies", () => {
  it("behind https are Secure, with the prefix that a sister host cannot plant", async () => {
    const own = await serve({ origin: "https://demo.example" });
    const browser = newBrowser(own);
    const https = { "X-Forwarded-Proto": "https", Origin: "https://demo.example" };
    const login = await browser.post("/api/login", { username: "alice", password: "wonderland" }, https);
    const session = await browser.post("/api/session", {}, https);
    const cookies = [login, session].flatMap((response) => response.headers.getSetCookie());
    expect(cookies.map((cookie) => cookie.split("=")[0])).toEqual([
      "__Host-authsocket_refresh",
      "__Host-authsocket_session",
    ]);
    for (const cookie of cookies)
      expect(cookie.split("; ")).toEqual(
        expect.arrayContaining(["HttpOnly", "Secure", "SameSite=Strict", "Path=/"]),
      );
    expect(cookies.join()).not.toContain("Domain");
    expect((await browser.post("/api/refresh-token", {}, { ...OWN_HEADER, ...https })).status).toBe(200);
  });

  it.each(["http://demo.example", "https://demo.example/", "demo.example", ""])(
    "an origin that is none, or not safe, is no origin: %j",
    async (origin) => {
      await expect(createDemoServer({ origin })).rejects.toThrow(TypeError);
    },
  );
});

describe("answers with a token", () => {
  it("are kept in no cache", async () => {
    const browser = newBrowser();
    for (const response of [await browser.login("alice", "wonderland"), await browser.refresh()])
      expect(response.headers.get("Cache-Control")).toBe("no-store");
  });
});

describe("sizes", () => {
  it("cuts off a packet over 100 kB, and nobody else", async () => {
    const { browser, token } = await signedIn();
    const [socket, other] = [await browser.connect(token), await browser.connect(token)];
    const ended = event(socket, "disconnect");
    socket.io.reconnection(false);
    socket.emit("chat", { id: "big", text: "x".repeat(100_001) }, () => {});
    await ended;
    expect((await other.emitWithAck("whoami")).username).toBe("alice");
  });

  it("answers 413 to a body over 10 kB, at every entry", async () => {
    const { browser } = await signedIn();
    for (const entry of ["login", "refresh-token", "logout", "session", "faults/cut"]) {
      const response = await browser.post(`/api/${entry}`, { x: "x".repeat(10_300) }, OWN_HEADER);
      expect([entry, response.status]).toEqual([entry, 413]);
    }
  });
});

describe("limits", { timeout: 120_000 }, () => {
  async function expectLimited(response: Response): Promise<void> {
    expect(response.status).toBe(429);
    const wait = Number(response.headers.get("Retry-After"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(await response.json()).toEqual({ error: expect.any(String) });
  }

  it("hold one account's guesses off, known or not, also the right one, and nobody else's", async () => {
    const own = await serve({ limits: { signInsPerAccount: 2 } });
    for (const username of ["alice", "nobody"]) {
      for (const password of ["a", "b"])
        expect((await newBrowser(own).login(username, password)).status).toBe(401);
      await expectLimited(await newBrowser(own).login(username, "wonderland"));
    }
    expect((await newBrowser(own).login("bob", "builder")).status).toBe(200);
  });

  it("forget the failures of who signs in", async () => {
    const own = await serve({ limits: { signInsPerAccount: 2 } });
    for (const [password, status] of [
      ["a", 401],
      ["wonderland", 200],
      ["b", 401],
      ["wonderland", 200],
    ] as const)
      expect((await newBrowser(own).login("alice", password)).status).toBe(status);
  });

  it("hold an address off that tries many accounts", async () => {
    const own = await serve({ limits: { signInsPerAddress: 2 } });
    for (const username of ["a", "b"]) await newBrowser(own).login(username, "x");
    await expectLimited(await newBrowser(own).login("alice", "wonderland"));
  });

  it("believe a proxy's address only where there is one", async () => {
    const from = (address: string) => ({ "X-Forwarded-For": address });
    const attempt = (own: DemoServer, address: string) =>
      newBrowser(own).post("/api/login", { username: address, password: "x" }, from(address));
    const direct = await serve({ limits: { signInsPerAddress: 1 } });
    await attempt(direct, "192.0.2.1");
    await expectLimited(await attempt(direct, "192.0.2.2"));
    const behind = await serve({ limits: { signInsPerAddress: 1 }, origin: "https://demo.example" });
    await attempt(behind, "192.0.2.1");
    expect((await attempt(behind, "192.0.2.2")).status).toBe(401);
    await expectLimited(await attempt(behind, "192.0.2.1"));
  });

  it("hold refreshes off, by family and by address, and use no token up for it", async () => {
    const own = await serve({ limits: { refreshesPerFamily: 1, refreshesPerAddress: 4 } });
    const [alice, bob] = [await signedIn("alice", own), await signedIn("bob", own)];
    expect((await alice.browser.refresh()).status).toBe(200);
    await expectLimited(await alice.browser.refresh());
    expect((await bob.browser.refresh()).status).toBe(200);
    await alice.browser.refresh();
    await expectLimited(await newBrowser(own).refresh());
  });
});

describe("a password", () => {
  it.each([2, 2 * PASSWORD_COST])("is hashed and checked at a cost of %i", async (cost) => {
    const hash = await hashPassword("wonderland", cost);
    expect(await isPassword("wonderland", hash)).toBe(true);
    expect(await isPassword("wonderlanD", hash)).toBe(false);
  });
});

describe("an unknown user", { timeout: 120_000 }, () => {
  it("takes as long as a wrong password", async () => {
    const own = await serve({ passwordCost: PASSWORD_COST });
    const fastest = { alice: Number.POSITIVE_INFINITY, nobody: Number.POSITIVE_INFINITY };
    for (let n = 0; n < 4; n++)
      for (const username of ["alice", "nobody"] as const) {
        const start = performance.now();
        await newBrowser(own).login(username, "wrong");
        fastest[username] = Math.min(fastest[username], performance.now() - start);
      }
    // The hashing is by far the longest part; without it, it would be a hundredth.
    expect(fastest.nobody).toBeGreaterThan(fastest.alice / 3);
    expect(fastest.alice).toBeGreaterThan(fastest.nobody / 3);
  });
});

describe("pages", () => {
  it.each(["/", "/app"])(
    "%s may load what comes from here, and nothing that is written into it",
    async (path) => {
      const response = await get(path);
      const policy = Object.fromEntries(
        (response.headers.get("Content-Security-Policy") ?? "").split("; ").map((directive) => {
          const [name = "", ...sources] = directive.split(" ");
          return [name, sources.join(" ")];
        }),
      );
      expect(policy).toEqual({
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
      });
      expect(response.headers.get("X-Content-Type-Options")).toBe("nosniff");
      expect(response.headers.get("Referrer-Policy")).toBe("no-referrer");
      const page = await response.text();
      expect(page).not.toMatch(/<script(?![^>]* src=)[^>]*>|<style|\sstyle=|\son\w+=|javascript:/i);
    },
  );
});

describe("what is logged", () => {
  it("says where the server is and which secret is missing, and holds no password, token or cookie", async () => {
    const main = fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url));
    const { JWT_SECRET: _, ...env } = process.env;
    const child = spawn(process.execPath, ["--import", "tsx", main], { env: { ...env, PORT: "0" } });
    let output = "";
    const started = new Promise<string>((resolve) => {
      for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: unknown) => {
          output += String(chunk);
          const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? [];
          if (url && output.includes("Ctrl+C")) resolve(url);
        });
    });
    const browser = new Browser(await started);
    const printed = output;
    const password = "correct horse battery staple";
    await browser.login("alice", password);
    const { token } = (await (await browser.login("alice", "wonderland")).json()) as { token: string };
    await browser.post("/api/login", `{"username":"alice","password":"${password}`);
    const cookie = browser.cookie("/").split("=")[1] ?? "";
    await browser.refresh();
    await browser.post("/api/session");
    await browser.post(`/api/nothing?token=${token}`);
    await browser.refusal(`${token}x`);
    await browser.connect(token);
    browser.close();
    child.kill("SIGINT");
    await once(child, "close");

    expect(printed).toContain("JWT_SECRET is not set");
    expect(cookie.length).toBeGreaterThan(40);
    for (const secret of [password, token, cookie, "eyJ", "authsocket_refresh"])
      expect(output).not.toContain(secret);
    // Nothing went wrong either.
    expect(output.slice(printed.length)).toBe("");
  }, 120_000);

  it("holds not even the secret that was given", async () => {
    const child = spawn(
      process.execPath,
      ["--import", "tsx", fileURLToPath(new URL("../../demo/server/main.ts", import.meta.url))],
      { env: { ...process.env, PORT: "0", JWT_SECRET: SECRET.slice(0, 20) } },
    );
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: unknown) => {
        output += String(chunk);
      });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(output).toContain('"secret" must be at least 32 bytes long');
    expect(output).not.toContain(SECRET.slice(0, 20));
  }, 120_000);
});
