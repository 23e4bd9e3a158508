import { hkdfSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { authenticate } from "authsocket/server";
import express from "express";
import { Server } from "socket.io";
import { Faults } from "./faults/faults.ts";
import { Limits } from "./guards/limits.ts";
import { checkOrigin } from "./guards/origin-check.ts";
import { refuseTokenInUrl } from "./guards/token-in-url.ts";
import { admission } from "./handshake/admission.ts";
import { engineGate } from "./handshake/engine-gate.ts";
import { authenticateHandshake } from "./handshake/middleware.ts";
import { watchRefusals } from "./handshake/refusals.ts";
import { serveAdministrators } from "./namespaces/administrators.ts";
import { Chat } from "./namespaces/chat.ts";
import { serveGuests } from "./namespaces/guests.ts";
import { serveHome } from "./namespaces/home.ts";
import { Ticks } from "./namespaces/ticks.ts";
import { UserList } from "./namespaces/user-list.ts";
import type { DemoServerOptions } from "./options.ts";
import { Accounts } from "./people/accounts.ts";
import { addDemoAccounts, type DemoAccount, demoAccounts } from "./people/demo-accounts.ts";
import { PASSWORD_COST } from "./people/password-hash.ts";
import { ServerSessions } from "./sessions/server-sessions.ts";
import { serveSessions } from "./sessions/session-namespace.ts";
import { api } from "./site/api.ts";
import { jsonErrors } from "./site/json-errors.ts";
import { pages } from "./site/pages.ts";
import { Connections } from "./sockets/connections.ts";
import type { AdminNamespace, DemoIo, PublicNamespace, SessionNamespace } from "./sockets/demo-io.ts";
import { Nodes } from "./sockets/nodes.ts";
import { openBackend } from "./stores/backend.ts";
import { AccessTokens } from "./tokens/access-tokens.ts";
import { RefreshCookie } from "./tokens/refresh-cookie.ts";
import { RefreshFamilies } from "./tokens/refresh-families.ts";

export type { DemoServerOptions } from "./options.ts";

export interface DemoServer {
  readonly url: string;
  readonly io: DemoIo;
  readonly accounts: readonly DemoAccount[];
  /** Ends everything, requests and sockets included. */
  close(): Promise<void>;
}

/**
 * Listens on 127.0.0.1; pages, API and sockets share the port.
 *
 * @throws the `listen` error, for example EADDRINUSE; a TypeError for a bad option; a StoreError without its Redis
 */
export async function createDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const {
    port = 0,
    secret = randomBytes(32).toString("base64url"),
    accessTokenLifetime = 15_000,
    refreshLifetime = 12 * 60 * 60 * 1000,
    refreshGrace = 0,
    sessionLifetime = 60_000,
    tickInterval = 1_000,
    renewal = "inBand",
    passwordCost = PASSWORD_COST,
  } = options;
  const origin = options.origin === undefined ? undefined : checkOrigin(options.origin);
  const secure = origin?.startsWith("https:") ?? false;
  const derivedKey = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));

  // What is known of users, wherever they are.
  const accessTokens = new AccessTokens({ secret, lifetime: accessTokenLifetime });
  const { store, adapter, close: closeBackend } = await openBackend(options.redisUrl);
  const accounts = new Accounts(store, { passwordCost });
  await addDemoAccounts(accounts);
  const key = derivedKey("refresh tokens");
  const families = new RefreshFamilies(store, { key, lifetime: refreshLifetime, grace: refreshGrace });
  const refreshCookie = new RefreshCookie({ secure, lifetime: refreshLifetime });
  const sessions = new ServerSessions(store, {
    secure,
    secret: derivedKey("session cookies").toString("base64url"),
    lifetime: sessionLifetime,
  });
  const limits = new Limits(store, options.limits);

  // Sockets, and who may have one.
  const app = express();
  const server = createServer(app);
  const io: DemoIo = new Server(server, {
    maxHttpBufferSize: 100_000,
    // Who recovers passes the middlewares too; but the lesson's own does not compare him with who he was.
    ...(renewal === "inBand" && { connectionStateRecovery: { skipMiddlewares: false } }),
    ...(adapter && { adapter }),
    allowRequest: (request, decide) => gate(request, decide),
  });
  io.engine.use(refuseTokenInUrl);
  io.engine.use(sessions.middleware);
  if (options.onRefused) watchRefusals(io.engine, options.onRefused);
  const nodes = new Nodes(io, adapter !== undefined);
  const faults = new Faults(nodes);
  const gate = engineGate({ origin, families, refreshCookie, faults });
  const admin: AdminNamespace = io.of("/admin");
  const guests: PublicNamespace = io.of("/public");
  // Its sockets have other data than all others.
  const visitors = io.of("/session") as unknown as SessionNamespace;

  const verify = admission({ accessTokens, accounts, families, faults });
  const administrators = authenticate(admin, {
    verify,
    authorize: ({ subject }) => accounts.isAdministrator(subject),
  });
  const users = renewal === "inBand" ? authenticate(io, { verify }) : undefined;
  const { devices } = users ?? authenticateHandshake(io, verify);
  const connections = new Connections(io, nodes, {
    namespaces: ["/", "/admin", "/session"],
    users: users ? [users, administrators] : [administrators],
    event: users ? "auth:revoked" : "forceDisconnect",
  });

  // What is done on them.
  const ticks = new Ticks(io, nodes, store, {
    subjects: () => families.present(demoAccounts.map(({ id }) => id)),
    interval: tickInterval,
  });
  serveHome(io, { nodes, ticks, chat: new Chat(io, store), renewal });
  serveGuests(io, guests, nodes);
  serveSessions(visitors, { sessions, accounts, families });
  serveAdministrators(admin, { io, nodes, accounts, connections, administrators });
  const userList = new UserList(admin, nodes, { accounts, devices });

  app.disable("x-powered-by");
  if (origin) app.set("trust proxy", "loopback");
  app.use(refuseTokenInUrl);
  app.use(
    "/api",
    api({
      ...{ origin, io, nodes, faults, limits, accounts, accessTokens, families, refreshCookie, connections },
      session: sessions.middleware,
    }),
  );
  app.use(pages());
  app.use(jsonErrors);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ticks.stop();
    userList.stop();
    const ended = io.close();
    // A refresh that was made to hang, and idle keep-alive connections, would hold the server open.
    server.closeAllConnections();
    await ended;
    await closeBackend();
  };

  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: boundPort } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${boundPort}`,
    io,
    accounts: demoAccounts,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
