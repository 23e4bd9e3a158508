import { AuthSession, AuthSocket, memoryStore, type TokenSet, type TokenStore } from "authsocket";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AuthServer, issueToken, startAuthServer } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { until, untilStatus } from "../support/states.ts";

const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1, transports: ["websocket"] };

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);

beforeEach(() => {
  unhandled.length = 0;
  process.on("unhandledRejection", note);
  process.on("uncaughtException", note);
});

afterEach(async () => {
  await new Promise(setImmediate);
  process.off("unhandledRejection", note);
  process.off("uncaughtException", note);
  expect(unhandled).toEqual([]);
});

/** One page of Alice's: a session over a store that calls back, a socket and its sibling, and what its promises came to. */
class Page {
  readonly clock = new SkippableClock();
  readonly reports: unknown[] = [];
  readonly promises: Promise<unknown>[] = [];
  readonly session: AuthSession;
  readonly auth: AuthSocket;
  readonly sibling: AuthSocket;
  /** What a store calls. */
  written = () => {};

  constructor(server: AuthServer, name: string) {
    this.clock.report = (error) => this.reports.push(error);
    const inner = memoryStore({ accessToken: issueToken({ subject: "alice" }), refreshToken: "r" });
    const store: TokenStore = {
      ...inner,
      save: (tokens: TokenSet) => {
        this.written();
        return inner.save(tokens);
      },
      clear: (signedOut) => {
        this.written();
        return inner.clear(signedOut);
      },
    };
    const refresh = async ({ token = "" }) => {
      const { sub } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}");
      return issueToken({ subject: sub ?? "alice" });
    };
    this.session = disposed(new AuthSession({ refresh, store, name }, this.clock));
    this.auth = disposed(new AuthSocket(server.url, { session: this.session, io: FAST }));
    this.sibling = this.auth.of("/sibling");
  }

  /** Keeps a promise: each must settle. */
  keep(promise: unknown): void {
    if (promise instanceof Promise) this.promises.push(promise.catch(() => {}));
  }
}

type Method = [name: string, call: (page: Page) => unknown];

const METHODS: Method[] = [
  ["connect()", ({ auth }) => auth.connect()],
  ["disconnect()", ({ auth }) => auth.disconnect()],
  ["reconnect()", ({ auth }) => auth.reconnect()],
  ["sibling.disconnect()", ({ sibling }) => sibling.disconnect()],
  ["of()", ({ auth }) => auth.of("/third")],
  ["whenConnected()", ({ auth }) => auth.whenConnected()],
  ["emitWithAck()", ({ auth }) => auth.socket.emitWithAck("ask", 1)],
  ["getToken()", ({ session }) => session.getToken()],
  ["getToken({ forceRefresh })", ({ session }) => session.getToken({ forceRefresh: true })],
  ["whenReady()", ({ session }) => session.whenReady()],
  ["signIn(carol)", ({ session }) => session.signIn(issueToken({ subject: "carol" }))],
  ["signOut()", ({ session }) => session.signOut()],
  ["subscribe()", ({ session, auth }) => [session.subscribe(() => {})(), auth.subscribe(() => {})()]],
  ["sibling.dispose()", ({ sibling }) => sibling.dispose()],
];

type Hook = [name: string, listen: (page: Page, act: () => void) => unknown];

const HOOKS: Hook[] = [
  ["a session listener", ({ session }, act) => session.subscribe(act)],
  ["a socket's state listener", ({ auth }, act) => auth.subscribe(act)],
  ["a listener of connect", ({ auth }, act) => auth.socket.on("connect", act)],
];

/** Those that run in the midst of a change of user. */
const INNER_HOOKS: Hook[] = [
  ["a listener of disconnect", ({ auth }, act) => auth.socket.on("disconnect", act)],
  [
    "a store",
    (page, act) => {
      page.written = act;
    },
  ],
];

const FAULT = new Error("a fault in the app");

/** Both methods in the listener, which then throws, once each; then Dave signs in, and everybody is asked to connect. */
async function walk(
  server: AuthServer,
  name: string,
  [, listen]: Hook,
  first: Method,
  second: Method,
): Promise<void> {
  const page = new Page(server, name);
  await Promise.all([page.auth.whenConnected(), page.sibling.whenConnected()]);
  let calls = 0;
  let isOver = false;
  listen(page, () => {
    if (isOver || calls++ > 1) return;
    for (const [, call] of [first, second]) page.keep(call(page));
    throw FAULT;
  });
  page.keep(page.session.signIn(issueToken({ subject: "bob" })));
  page.auth.socket.emit("of bob");
  await until(page.auth, ({ status }) => status !== "connecting");
  isOver = true;
  await page.session.signIn(issueToken({ subject: "dave" }));
  page.auth.connect();
  await untilStatus(page.auth, "connected");
  expect(await page.auth.socket.emitWithAck("who", name)).toBe(name);
  await Promise.all(page.promises);
  expect([name, page.reports.filter((error) => error !== FAULT)]).toEqual([name, []]);
  const heard = server.received.filter(({ event, args }) => event === "who" && args[0] === name);
  expect([name, heard.map(({ subject }) => subject)]).toEqual([name, ["dave"]]);
  page.auth.dispose();
  page.session.dispose();
  for (const [, call] of [first, second]) {
    try {
      page.keep(call(page));
    } catch (error) {
      expect([name, String(error)]).toEqual([name, expect.stringContaining("disposed")]);
    }
  }
  await Promise.all(page.promises);
}

/** Each pair in one of the outer listeners, and in one of the inner ones. */
const WALKS = METHODS.flatMap((first, row) =>
  METHODS.flatMap((second, column) =>
    [HOOKS, INNER_HOOKS].flatMap((hooks) => {
      const hook = hooks[(row + column) % hooks.length];
      return hook ? [{ hook, first, second }] : [];
    }),
  ),
);

describe("any two methods in a listener that throws", { timeout: 120_000 }, () => {
  it.each([...HOOKS, ...INNER_HOOKS])(
    "B11 %s: every promise settles, and the last one who signed in is connected",
    async (...hook) => {
      const server = await startAuthServer();
      const walks = WALKS.filter((each) => each.hook[0] === hook[0]);
      await Promise.all(
        walks.map(({ first, second }) =>
          walk(server, `${hook[0]}: ${first[0]}, ${second[0]}`, hook, first, second),
        ),
      );
      expect(server.doubles).toBe(0);
    },
  );
});

function orders<T>(all: T[]): T[][] {
  return all.length < 2
    ? [all]
    : all.flatMap((first) => orders(all.filter((other) => other !== first)).map((rest) => [first, ...rest]));
}

describe("Bob signs in while everything around him fails", () => {
  const PARTS = [
    "the store throws",
    "a sibling's listener throws",
    "a session listener emits",
    "a socket waits",
  ] as const;

  it.each(orders([...PARTS]).map((order) => [order.join(", "), order] as const))(
    "B16 nothing of Bob's is Alice's, and nothing of Alice's is Bob's: %s",
    async (name, order) => {
      const server = await startAuthServer();
      const page = new Page(server, name);
      const { session, auth, sibling } = page;
      const made: Record<(typeof PARTS)[number], () => unknown> = {
        "the store throws": () => {
          page.written = () => {
            throw FAULT;
          };
        },
        "a sibling's listener throws": () =>
          sibling.socket.on("disconnect", () => {
            throw FAULT;
          }),
        "a session listener emits": () =>
          session.subscribe((state) => {
            if ("subject" in state && state.subject === "bob") auth.socket.emit("bobs", sibling.socket.id);
          }),
        "a socket waits": () => page.keep(auth.socket.emitWithAck("hang", "alices")),
      };
      await Promise.all([auth.whenConnected(), sibling.whenConnected()]);
      for (const part of order) made[part]();
      await server.until(() => server.heard("hang").length === 1);
      auth.socket.emit("alices");
      const signedIn = session.signIn(issueToken({ subject: "bob" }));
      auth.socket.emit("bobs");
      await signedIn;
      await Promise.all([untilStatus(auth, "connected"), untilStatus(sibling, "connected")]);
      await auth.socket.emitWithAck("bobs");
      await Promise.all(page.promises);
      for (const { event, subject } of server.received) {
        expect([event, subject]).toEqual([event, event === "bobs" ? "bob" : "alice"]);
      }
      expect(server.heard("bobs").length).toBeGreaterThanOrEqual(3);
    },
  );
});
