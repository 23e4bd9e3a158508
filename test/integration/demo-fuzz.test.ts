import fc from "fast-check";
import type { Socket } from "socket.io-client";
import { describe, expect, it } from "vitest";
import { event, OWN_HEADER, useDemoServer } from "../support/demo-browser.ts";

// Guessing costs hashing: a few valid-looking sign-ins will do, the rest is answered 429.
const limits = { signInsPerAddress: 20, refreshesPerAddress: 1e9, refreshesPerFamily: 1e9 };
const { server, newBrowser, signedIn } = useDemoServer({ limits });

/** Less than a test may take: who is not answered is told so by name. */
const ANSWER_TIMEOUT = 60_000;

/** Two hundred of each, in batches that are under way together. The first failure is told: a smaller one takes minutes. */
const RUNS = { numRuns: 4, endOnFailure: true };
const BATCH = 50;

const batchOf = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: BATCH, maxLength: BATCH });

const ascii = fc.string({ unit: "grapheme-ascii", maxLength: 200 });
const body = fc.oneof(
  fc.json(),
  fc.string(),
  fc.constantFrom("", "{", "null", "[[[[", '{"__proto__":{"x":1}}', '{"username":{"toString":1}}'),
  fc.record({ username: fc.jsonValue(), password: fc.jsonValue() }).map((value) => JSON.stringify(value)),
  fc.record({ ms: fc.jsonValue() }).map((value) => JSON.stringify(value)),
);
const headers = fc.record(
  {
    "Content-Type": fc.constantFrom("application/json", "text/plain", "application/json; charset=x", "x"),
    "Content-Encoding": fc.constantFrom("identity", "gzip", "br", "x"),
    "X-Requested-With": fc.constantFrom("authsocket", "x"),
    Cookie: fc.oneof(
      ascii.map((value) => `authsocket_refresh=${value}`),
      ascii.map((value) => `authsocket_session=s%3A${value}`),
      ascii,
    ),
  },
  { requiredKeys: [] },
);

/** The status of an answer; a request that hangs fails. */
async function status(path: string, options: RequestInit): Promise<number> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT);
  const response = await fetch(server().url + path, { ...options, signal });
  await response.arrayBuffer();
  return response.status;
}

async function stillWorks(): Promise<void> {
  const socket = newBrowser().of<Record<string, never>, { time: (reply: (now: number) => void) => void }>(
    "/public",
    undefined,
  );
  const connected = event(socket, "connect");
  socket.connect();
  await connected;
  expect(await socket.emitWithAck("time")).toBeGreaterThan(0);
}

describe("two hundred random payloads", { timeout: 120_000 }, () => {
  it.each([
    ["POST", "/api/login"],
    ["POST", "/api/refresh-token"],
    ["POST", "/api/logout"],
    ["POST", "/api/logout-everywhere"],
    ["POST", "/api/session"],
    ["DELETE", "/api/session"],
    ["POST", "/api/faults/kick"],
  ])("to %s %s are answered, and never with a 5xx", async (method, path) => {
    await fc.assert(
      fc.asyncProperty(batchOf(fc.tuple(body, headers)), async (requests) => {
        const statuses = await Promise.all(
          requests.map(([body, headers]) => status(path, { method, body, headers })),
        );
        expect(statuses.filter((status) => status >= 500)).toEqual([]);
      }),
      RUNS,
    );
    await stillWorks();
  });

  it("to HTTP paths, of who is signed in, are answered, and never with a 5xx", async () => {
    const { browser } = await signedIn();
    const path = fc.oneof(
      fc.webPath(),
      ascii.map((segment) => `/api/faults/${encodeURIComponent(segment)}`),
      ascii.map((segment) => `/api/${segment.replaceAll(/[^!-~]|[?#\\]/g, "%")}`),
    );
    const method = fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS");
    await fc.assert(
      fc.asyncProperty(batchOf(fc.tuple(method, path)), async (requests) => {
        const statuses = await Promise.all(
          requests.map(([method, path]) =>
            status(path, { method, headers: { ...OWN_HEADER, Cookie: browser.cookie("/") } }),
          ),
        );
        expect(statuses.filter((status) => status >= 500)).toEqual([]);
      }),
      RUNS,
    );
    await stillWorks();
  });

  const events = {
    "/": ["ticks", "chat", "whoami", "auth:renew", "auth:session", "disconnect2"],
    "/public": ["time", "visitors", "whoami"],
    "/session": ["whoami", "session"],
    "/admin": ["message", "disconnectUser", "suspend", "setRole", "auth:renew"],
  };
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("user-1", "user-2", "admin", true, null));
  const order = fc.record(
    { userId: field, text: field, reason: field, suspended: field, role: field, id: field, token: field },
    { requiredKeys: [] },
  );
  const argument = fc.oneof(order, fc.jsonValue(), fc.uint8Array({ maxLength: 20 }));

  it.each(Object.entries(events))("to the events of %s leave it working", async (namespace, names) => {
    const { browser, token } = await signedIn(namespace === "/admin" ? "admin" : "alice");
    await browser.post("/api/session");
    const socket = browser.of(namespace, token) as unknown as Socket;
    const connected = event(socket, "connect");
    socket.connect();
    await connected;
    const ask = (): Promise<unknown> =>
      namespace === "/admin"
        ? socket.emitWithAck("setRole", {})
        : socket.emitWithAck(namespace === "/public" ? "time" : "whoami");
    await fc.assert(
      fc.asyncProperty(
        batchOf(fc.tuple(fc.constantFrom(...names), fc.array(argument, { maxLength: 3 }), fc.boolean())),
        async (emits) => {
          for (const [name, values, withReply] of emits)
            if (withReply) socket.emit(name, ...values, () => {});
            else socket.emit(name, ...values);
          // Events are handled in order: whoever answers this has taken all of them.
          expect(await ask()).toBeDefined();
          expect(socket.connected).toBe(true);
        },
      ),
      RUNS,
    );
  });

  it.each(["/", "/admin", "/session"])("to the handshake of %s are refused", async (namespace) => {
    // A socket that stays keeps the engine open, so that each attempt is one packet.
    const browser = newBrowser();
    const anchor = browser.of("/public", undefined) as unknown as Socket;
    anchor.connect();
    const payload = fc.oneof(
      fc.record({ token: fc.jsonValue() }),
      fc.record({ token: fc.jsonValue(), pid: fc.jsonValue(), offset: fc.jsonValue() }),
      fc.dictionary(fc.string(), fc.jsonValue()),
    );
    const socket = anchor.io.socket(namespace);
    await fc.assert(
      fc.asyncProperty(batchOf(payload), async (payloads) => {
        for (const auth of payloads) {
          socket.auth = auth as Record<string, unknown>;
          const refused = event(socket, "connect_error");
          socket.connect();
          const [error] = await refused;
          expect((error as { data?: { code?: string } }).data?.code).toMatch(/^token_(missing|invalid)$/);
        }
      }),
      RUNS,
    );
    expect(anchor.connected).toBe(true);
  });

  it("as raw packets end their own connection at most", async () => {
    const polling = "/socket.io/?EIO=4&transport=polling";
    const packet = fc.oneof(
      fc.string(),
      fc.string().map((text) => `4${text}`),
      fc.json().map((json) => `42/admin,${json}`),
      fc.constantFrom(
        "40",
        "40/nowhere,",
        '42["chat"]',
        "451-",
        "43999[]",
        "44{}",
        "42[{}]",
        "4",
        "6",
        "b!!!",
        "2",
      ),
    );
    await fc.assert(
      fc.asyncProperty(batchOf(packet), async (packets) => {
        const statuses = await Promise.all(
          packets.map(async (body) => {
            const [, sid] = /"sid":"([^"]+)"/.exec(await (await fetch(server().url + polling)).text()) ?? [];
            const headers = { "Content-Type": "text/plain;charset=UTF-8" };
            return status(`${polling}&sid=${sid}`, { method: "POST", headers, body });
          }),
        );
        expect(statuses.filter((status) => status >= 500)).toEqual([]);
      }),
      RUNS,
    );
    await stillWorks();
  });
});
