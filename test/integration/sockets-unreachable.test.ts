import {
  AuthSession,
  AuthSocket,
  type AuthSocketOptions,
  type AuthSocketState,
  memoryStore,
} from "authsocket";
import { describe, expect, it, vi } from "vitest";
import { type AuthServer, issueToken, startAuthServer, verify } from "../support/auth-server.ts";
import { startCookieServer } from "../support/cookie-server.ts";
import { deferred } from "../support/deferred.ts";
import { disposed } from "../support/disposal.ts";
import { Happenings } from "../support/happenings.ts";
import { SkippableClock } from "../support/skippable-clock.ts";
import { recordStatuses, until, untilStatus } from "../support/states.ts";
import { uncaught } from "../support/uncaught.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const FAST = { reconnectionDelay: 1, reconnectionDelayMax: 1, randomizationFactor: 0 };

/** Answers every handshake with that status, until it is told to let them in. */
function gate(server: AuthServer, status: number) {
  const happenings = new Happenings();
  const until = (refused: number) => happenings.until(() => gate.refused >= refused);
  const gate = { isOpen: false, refused: 0, until };
  server.io.engine.use(
    (_: unknown, response: { writeHead(status: number): void; end(): void }, next: () => void) => {
      if (gate.isOpen) next();
      else {
        gate.refused++;
        response.writeHead(status);
        response.end();
        happenings.happened();
      }
    },
  );
  return gate;
}

function open(server: AuthServer, io: AuthSocketOptions["io"] = {}) {
  const clock = new SkippableClock();
  const refresh = vi.fn(async () => issueToken());
  const store = memoryStore({ accessToken: issueToken() });
  const session = disposed(new AuthSession({ refresh, store }, clock));
  const auth = disposed(new AuthSocket(server.url, { session, io: { ...FAST, ...io } }));
  return { auth, session, clock, refresh };
}

describe("B24 an engine that cannot be opened", () => {
  it.each([401, 403, 429, 500, 502, 503])(
    "B24 a handshake that is answered %i: unreachable, with the status and the cause, and no token matter",
    async (status) => {
      const server = await startAuthServer();
      const handshakes = gate(server, status);
      const { auth, session, refresh } = open(server, { transports: ["polling"] });
      const statuses = recordStatuses(auth);
      const { error } = await until(auth, ({ error }) => error !== undefined);
      expect(error).toMatchObject({ code: "unreachable", cause: { type: "TransportError" } });
      expect(error?.message).toContain(String(status));
      await handshakes.until(5);
      handshakes.isOpen = true;
      await auth.whenConnected();
      expect(auth.state.error).toBeUndefined();
      expect(statuses).toEqual(["connecting", "connected"]);
      expect(refresh).not.toHaveBeenCalled();
      expect(session.state.status).toBe("signedIn");
    },
  );

  it("B24 a CONNECT that waits for an earlier one, which is never answered, is told of beside a sibling", async () => {
    const server = await startAuthServer();
    server.admit = async (_, { nsp }) => {
      if (nsp.name === "/slow") await new Promise(() => {});
    };
    const { auth, clock } = open(server);
    await auth.whenConnected();
    const slow = auth.of("/slow");
    await server.until(() => server.connects.length === 2);
    slow.disconnect().connect();
    await server.quiet();
    await clock.skip(21_000);
    expect(slow.state).toMatchObject({ status: "connecting", error: { code: "unreachable" } });
    expect(auth.state.status).toBe("connected");
  });

  it("B24 over a WebSocket no status can be seen: unreachable all the same", async () => {
    const server = await startAuthServer();
    const handshakes = gate(server, 503);
    const { auth } = open(server, { transports: ["websocket"] });
    const { error } = await until(auth, ({ error }) => error !== undefined);
    expect(error).toMatchObject({ code: "unreachable", cause: expect.any(Error) });
    expect(error?.message).not.toMatch(/\d{3}/);
    handshakes.isOpen = true;
    await auth.whenConnected();
  });

  it("B24 one that is closed before each CONNECT is answered: unreachable, with the reason", async () => {
    const server = await startAuthServer();
    server.admit = () => new Promise(() => {});
    server.io.engine.on("connection", (engine: { close(discard: boolean): void }) => engine.close(true));
    const { auth } = open(server, { transports: ["websocket"] });
    const { error } = await until(auth, ({ error }) => error !== undefined);
    expect(error).toMatchObject({ code: "unreachable", cause: expect.any(Error) });
    expect(error?.message).toContain("transport close");
    server.io.engine.removeAllListeners("connection");
    server.io.engine.on("connection", (engine: unknown) =>
      (server.io as unknown as { onconnection(engine: unknown): void }).onconnection(engine),
    );
    server.admit = verify;
    await auth.whenConnected();
    expect(auth.state.error).toBeUndefined();
  });

  it.each(["connects", "comes back from a cut"])(
    "B9 B24 a transport that throws as the socket %s: unreachable, and tried again after a backoff",
    async (when) => {
      const server = await startAuthServer();
      const reported = uncaught();
      // No transport has that name: Socket.IO throws.
      const wrong = "websockets" as "websocket";
      const { auth, clock } = open(server, { transports: [when === "connects" ? wrong : "websocket"] });
      const transports = (name: string) => Object.assign(auth.socket.io.opts, { transports: [name] });
      if (when !== "connects") {
        await auth.whenConnected();
        transports(wrong);
        server.kick();
      }
      const { error, ...state } = await until(auth, ({ error }) => error !== undefined);
      // At once: on a busy machine the next attempt may come before the rest is looked at.
      transports("websocket");
      expect(state).toMatchObject({ status: "connecting", retryAt: expect.any(Number) });
      expect(error).toMatchObject({ code: "unreachable", cause: await reported });
      await clock.skip(5_000);
      await auth.whenConnected();
    },
  );

  it("B9 B19 with reconnection: false it is given up", async () => {
    const server = await startAuthServer();
    const reported = uncaught();
    const { auth } = open(server, { transports: ["websockets" as never], reconnection: false });
    await expect(auth.whenConnected()).rejects.toMatchObject({
      code: "unreachable",
      cause: await reported,
    });
    expect(auth.state.status).toBe("idle");
  });

  it("B24 a port where nobody listens: unreachable, and connected once somebody does", async () => {
    const gone = await startAuthServer();
    const { url } = gone;
    await gone.close();
    const { auth } = open({ url } as AuthServer);
    const { error } = await until(auth, ({ error }) => error !== undefined);
    expect(error?.code).toBe("unreachable");
    expect(auth.session.state.status).toBe("signedIn");
  });
});

describe("B24 a CONNECT that is not answered", () => {
  it("B24 alone: after 20 s it is unreachable, the engine is closed, and it tries again after a backoff", async () => {
    const server = await startAuthServer();
    server.admit = () => new Promise(() => {});
    const { auth, clock, refresh } = open(server);
    await server.until(() => server.connects.length === 1);
    await clock.skip(19_000);
    expect(auth.state).toEqual({ status: "connecting", attempt: 1 });
    await clock.skip(1_001);
    const { error, retryAt } = await until(
      auth,
      (state): state is typeof state & { retryAt: number } => "retryAt" in state,
    );
    expect(error).toMatchObject({ code: "unreachable", message: expect.stringContaining("20 s") });
    expect(retryAt).toBeGreaterThan(clock.now());
    await server.until(() => server.io.engine.clientsCount === 0);
    server.admit = verify;
    await clock.skip(retryAt - clock.now());
    await auth.whenConnected();
    expect(server.doubles).toBe(0);
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B24 alone: it says so until the server answers, whatever the answer", async () => {
    const server = await startAuthServer();
    server.admit = () => new Promise(() => {});
    const { auth, clock } = open(server);
    await server.until(() => server.connects.length === 1);
    await clock.skip(20_001);
    const { retryAt } = await until(
      auth,
      (state): state is typeof state & { retryAt: number } => "retryAt" in state,
    );
    await server.until(() => server.io.engine.clientsCount === 0);
    const states: AuthSocketState[] = [];
    auth.subscribe((state) => states.push(state));
    const answer = deferred<void>();
    server.admit = () => answer.promise;
    await clock.skip(retryAt - clock.now());
    await server.until(() => server.connects.length === 2);
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "unreachable" } });
    expect(states.every(({ error }) => error?.code === "unreachable")).toBe(true);
    answer.reject(Object.assign(new Error("busy"), { data: { code: "unavailable" } }));
    await until(auth, ({ error }) => error === undefined);
    expect(auth.state.status).toBe("connecting");
  });

  it("B24 beside a connected sibling: it says so and waits on, on the same engine, with one CONNECT", async () => {
    const server = await startAuthServer();
    let answer = () => {};
    server.admit = (token, { nsp }) => {
      verify(token);
      return nsp.name === "/slow"
        ? new Promise<void>((resolve) => {
            answer = resolve;
          })
        : undefined;
    };
    const { auth, clock } = open(server);
    await auth.whenConnected();
    const slow = auth.of("/slow");
    await server.until(() => server.connects.length === 2);
    await clock.skip(20_001);
    await until(slow, ({ error }) => error?.code === "unreachable");
    expect(slow.state).not.toHaveProperty("retryAt");
    await clock.skip(15_000);
    expect(auth.state.status).toBe("connected");
    expect(server.connects).toHaveLength(2);
    answer();
    await slow.whenConnected();
    expect(server.handshakes).toBe(1);
    expect(server.doubles).toBe(0);
  });

  it("B24 again and again: the waits grow to a minute", async () => {
    const server = await startAuthServer();
    server.admit = () => new Promise(() => {});
    const { auth, clock } = open(server);
    const waits: number[] = [];
    for (let attempt = 1; attempt <= 8; attempt++) {
      await server.until(() => server.connects.length === attempt);
      await clock.skip(20_001);
      const { retryAt } = await until(
        auth,
        (state): state is typeof state & { retryAt: number } => "retryAt" in state,
      );
      waits.push(retryAt - clock.now());
      await server.until(() => server.io.engine.clientsCount === 0);
      await clock.skip(retryAt - clock.now());
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_000);
    expect(waits.at(-1)).toBeGreaterThan(29_000);
    expect(waits.slice(1).every((wait, index) => wait >= (waits[index] ?? 0) - 5_000)).toBe(true);
  });
});

describe("B24 a session cookie that the handshake refuses", () => {
  async function openCookie(status: number, transport: string) {
    const site = await startCookieServer();
    site.signIn();
    const handshakes = gate(site.server, status);
    const clock = new SkippableClock();
    const session = disposed(new AuthSession({ refresh: site.refresh, credential: "cookie" }, clock));
    const io = { ...FAST, transports: [transport] };
    const auth = disposed(new AuthSocket(site.server.url, { session, io }));
    return { site, auth, session, handshakes };
  }

  it.each([401, 403])("B24 answered %i: the session is renewed once, and no more", async (status) => {
    const { site, auth, session, handshakes } = await openCookie(status, "polling");
    await handshakes.until(10);
    expect(site.refreshes).toBe(1);
    expect(session.state.status).not.toBe("signedOut");
    expect(auth.state).toMatchObject({ status: "connecting", error: { code: "unreachable" } });
    handshakes.isOpen = true;
    await auth.whenConnected();
    expect(site.refreshes).toBe(1);
  });

  it("B24 answered 503: nothing is renewed", async () => {
    const { site, auth, handshakes } = await openCookie(503, "polling");
    await handshakes.until(10);
    handshakes.isOpen = true;
    await auth.whenConnected();
    expect(site.refreshes).toBe(0);
  });

  it("B24 where no status can be seen, the third failure in a row renews it once", async () => {
    const { site, auth, handshakes } = await openCookie(401, "websocket");
    await handshakes.until(2);
    expect(site.refreshes).toBe(0);
    await handshakes.until(10);
    expect(site.refreshes).toBe(1);
    handshakes.isOpen = true;
    await auth.whenConnected();
  });

  it("B24 each outage without a status renews it once, however many namespaces meet it", async () => {
    const site = await startCookieServer();
    site.signIn();
    const happenings = new Happenings();
    let isUp = true;
    let failures = 0;
    site.server.io.engine.use(({ socket }: { socket: { destroy(): void } }, _: unknown, next: () => void) => {
      if (isUp) {
        next();
        return;
      }
      failures++;
      socket.destroy();
      happenings.happened();
    });
    const clock = new SkippableClock();
    const session = disposed(new AuthSession({ refresh: site.refresh, credential: "cookie" }, clock));
    const auth = disposed(
      new AuthSocket(site.server.url, { session, io: { ...FAST, transports: ["websocket"] } }),
    );
    const sockets = [auth, auth.of("/a"), auth.of("/b")];
    await Promise.all(sockets.map((socket) => socket.whenConnected()));
    for (let outage = 1; outage <= 3; outage++) {
      await clock.skip(3_600_000);
      failures = 0;
      isUp = false;
      site.server.drop();
      for (const reached of [5, 10, 15]) {
        await happenings.until(() => failures >= reached);
        await clock.skip(11_000);
      }
      isUp = true;
      await Promise.all(sockets.map((socket) => socket.whenConnected()));
      expect(site.refreshes).toBe(outage);
    }
  });

  it("B24 B27 a 401 that follows an outage without a status renews it, too", async () => {
    const site = await startCookieServer();
    site.signIn();
    const happenings = new Happenings();
    let failures = 0;
    site.server.io.engine.use(
      (
        { socket }: { socket: { destroy(): void } },
        response: { writeHead(status: number): void; end(): void },
        next: () => void,
      ) => {
        if (failures < 6) {
          failures++;
          socket.destroy();
          happenings.happened();
        } else if (site.refreshes < 2) {
          response.writeHead(401);
          response.end();
        } else next();
      },
    );
    const clock = new SkippableClock();
    const session = disposed(new AuthSession({ refresh: site.refresh, credential: "cookie" }, clock));
    const auth = disposed(
      new AuthSocket(site.server.url, { session, io: { ...FAST, transports: ["polling"] } }),
    );
    await happenings.until(() => failures === 6);
    expect(site.refreshes).toBe(1);
    await clock.skip(10_000);
    await auth.whenConnected();
    expect(site.refreshes).toBe(2);
  });
});

describe("B24 after Socket.IO has given up", () => {
  async function givenUp(io: AuthSocketOptions["io"]) {
    const server = await startAuthServer();
    const handshakes = gate(server, 503);
    const client = open(server, io);
    const waiting = client.auth.whenConnected();
    await expect(waiting).rejects.toMatchObject({ code: "unreachable" });
    expect(client.auth.state).toMatchObject({ status: "idle", error: { code: "unreachable" } });
    return { ...client, server, handshakes };
  }

  it("B24 a wake-up starts again, within a second, and once in ten seconds", async () => {
    const { auth, clock, handshakes, refresh } = await givenUp({ reconnectionAttempts: 1 });
    const before = handshakes.refused;
    clock.wakeUp();
    await clock.skip(1_000);
    await until(auth, ({ status }) => status === "connecting");
    await untilStatus(auth, "idle");
    const after = handshakes.refused;
    expect(after).toBeGreaterThan(before);
    clock.wakeUp(true);
    await clock.skip(5_000);
    expect(auth.state.status).toBe("idle");
    expect(handshakes.refused).toBe(after);
    handshakes.isOpen = true;
    await clock.skip(5_000);
    clock.wakeUp(true);
    await clock.skip(1_000);
    await auth.whenConnected();
    expect(refresh).not.toHaveBeenCalled();
  });

  it("B24 connect() starts again at once", async () => {
    const { auth, handshakes } = await givenUp({ reconnectionAttempts: 1 });
    handshakes.isOpen = true;
    await auth.connect().whenConnected();
  });

  it("B27 with reconnection: false no wake-up does", async () => {
    const { auth, clock, handshakes } = await givenUp({ reconnection: false });
    const before = handshakes.refused;
    handshakes.isOpen = true;
    clock.wakeUp(true);
    await clock.skip(60_000);
    expect(auth.state.status).toBe("idle");
    expect(handshakes.refused).toBe(before);
    await auth.connect().whenConnected();
  });
});

describe("B24 a CONNECT that is never answered", () => {
  it("B24 goes on waiting beside a connected sibling, and backs off once that has left", async () => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    let asked = 0;
    server.io.of("/slow").use(() => {
      asked++;
    });
    const auth = server.connect({ session: { store: memoryStore({ accessToken: issueToken() }) } });
    await time.pass(1_000);
    const slow = auth.of("/slow");
    const errors = new Set<unknown>();
    slow.subscribe(({ error }) => errors.add(error));
    await time.pass(110_000);
    expect(slow.state).toMatchObject({ status: "connecting", error: { code: "unreachable" } });
    expect(asked).toBe(1);
    expect(errors.size).toBe(1);
    auth.disconnect();
    await time.pass(60_000);
    expect(asked).toBeGreaterThan(1);
  });
});

describe("T13 an app that insists where nothing answers", () => {
  it.each<[string, boolean, (auth: AuthSocket) => void]>([
    ["connects", false, (auth) => auth.connect()],
    ["leaves and connects", true, (auth) => auth.disconnect().connect()],
  ])("T13 one that %s at each failure tries a few times in ten seconds", async (_, reconnection, insist) => {
    const server = await startAuthServer();
    const { refused, until: refusals } = gate(server, 503);
    expect(refused).toBe(0);
    const { auth, clock } = open(server, {
      transports: ["polling"],
      reconnection,
      reconnectionDelay: 60_000,
      reconnectionDelayMax: 60_000,
    });
    let failures = 0;
    auth.socket.on("connect_error", () => {
      // A storm would go on for ever.
      if (++failures < 20) insist(auth);
    });
    const delayed = until(auth, (state) => state.status === "connecting" && state.retryAt !== undefined);
    await refusals(4);
    await delayed;
    expect(failures).toBe(4);
    await clock.skip(10_000);
    await refusals(5);
  });
});
