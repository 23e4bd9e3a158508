import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, createServer as createEcho } from "node:net";
import { AuthSocket, memoryStore } from "authsocket";
import { AuthError, type AuthErrorOptions, authenticate } from "authsocket/server";
import { Server } from "socket.io";
import { onTestFinished } from "vitest";
import { type Access, Accounts } from "../../src/testing/accounts.ts";
import { FakeTimers, fakeClock } from "../../src/testing/time/fake-timers.ts";
import type { Stage } from "./scenario.ts";

/** A Socket.IO server on a free port, guarded by "authsocket/server", and a refresh endpoint over HTTP. */
export async function realStage(): Promise<Stage> {
  const clock = fakeClock();
  if (!clock) throw new Error("fake timers are on, and are not found");
  const timers = new FakeTimers(clock);

  const accounts = new Accounts();
  /** What was verified last. */
  let latest: Access | undefined;
  let refusal: AuthError | undefined;
  let endpoint: "works" | "hangs" | number = "works";
  const hanging: (() => void)[] = [];
  let activity = 0;
  /** Those of the refresh endpoint that have not been answered. */
  let requests = 0;

  async function refresh(body: string, response: ServerResponse): Promise<void> {
    if (endpoint === "hangs") await new Promise<void>((resolve) => hanging.push(resolve));
    const { refreshToken } = JSON.parse(body) as { refreshToken: string };
    const answered = typeof endpoint === "number" ? undefined : accounts.refresh(refreshToken);
    const status = typeof endpoint === "number" ? endpoint : answered ? 200 : 401;
    response.writeHead(status, { "Content-Type": "application/json" });
    if (!answered) {
      response.end("{}");
      return;
    }
    const { expiresAt = 0, ...tokens } = answered;
    response.end(JSON.stringify({ ...tokens, expiresIn: (expiresAt - Date.now()) / 1_000 }));
  }

  const http = createServer((request, response) => {
    activity++;
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => void refresh(body, response));
  });
  const io = new Server(http, { serveClient: false, pingInterval: 1e9, pingTimeout: 1e9 });
  io.of("/chat");
  authenticate(io, {
    notice: 6_000, // a tenth of the scenario's tokens
    verify: async (token) => {
      if (refusal) throw refusal;
      const verdict = accounts.verify(token);
      if (verdict instanceof AuthError) throw verdict;
      latest = verdict;
      return { subject: verdict.signIn.subject, expiresAt: verdict.expiresAt, claims: {} };
    },
  });
  for (const event of ["connection", "upgrade"]) http.on(event, () => activity++);
  io.engine.on("connection", (engine: { on(event: string, listener: () => void): void }) => {
    activity++;
    for (const event of ["packet", "packetCreate", "close"]) engine.on(event, () => activity++);
  });
  const received: [string, unknown[]][] = [];
  io.on("connection", (socket) => {
    socket.onAny((event: string, ...args: unknown[]) => received.push([event, args]));
  });
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const drop = () => {
    for (const { conn } of io.sockets.sockets.values()) conn.close();
  };

  // No line is faster than this one: what has not come in several round trips is not on its way.
  const echo = createEcho((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(echo, "listening");
  const fence = connect((echo.address() as AddressInfo).port, "127.0.0.1");
  async function quiet(): Promise<void> {
    for (let still = 0; still < 8; ) {
      const before = activity;
      fence.write(".");
      await once(fence, "data");
      still = activity === before && requests <= hanging.length ? still + 1 : 0;
    }
  }

  const auth = new AuthSocket(url, {
    refresh: `${url}/refresh-token`,
    store: memoryStore(),
    fetch: async (input, init) => {
      requests++;
      try {
        return await fetch(input, init);
      } finally {
        requests--;
      }
    },
    autoConnect: false,
    io: { transports: ["websocket"] },
  });
  onTestFinished(async () => {
    auth.dispose();
    for (const resume of hanging) resume();
    fence.destroy();
    echo.close();
    await io.close();
    http.closeAllConnections();
  });

  return {
    auth,
    issue: (options) => accounts.issue(options).tokens,
    emit: (event, ...args) => io.emit(event, ...args),
    received: (name) => received.filter(([event]) => event === name).map(([, args]) => args),
    emitTo: (namespace, event, ...args) => io.of(namespace).emit(event, ...args),
    kick: () => void io.disconnectSockets(),
    cut: () => {
      // As by a clock that is ahead.
      if (latest) latest.expiresAt = Date.now();
      for (const socket of io.sockets.sockets.values()) {
        socket.emit("auth:expiring", { expiresIn: 1 });
        socket.disconnect();
      }
    },
    drop,
    offline: () => {
      http.close();
      drop();
    },
    online: async () => {
      http.listen(port, "127.0.0.1");
      await once(http, "listening");
    },
    revoke: (reason) => {
      for (const socket of io.sockets.sockets.values()) {
        socket.emit("auth:revoked", { reason });
        socket.disconnect();
      }
    },
    refuse: (code, retryAfter) => {
      const options: AuthErrorOptions = retryAfter === undefined ? {} : { retryAfter };
      refusal = new AuthError(code as AuthError["code"], undefined, options);
    },
    accept: () => {
      refusal = undefined;
    },
    refresh: {
      fail: (status) => {
        endpoint = status;
      },
      hang: () => {
        endpoint = "hangs";
      },
      work: () => {
        endpoint = "works";
        for (const resume of hanging.splice(0)) resume();
      },
    },
    pass: async (ms) => {
      await quiet();
      await timers.advance(ms, quiet);
      await quiet();
    },
  };
}
