import { hkdfSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { authenticate } from "authsocket/server";
import express from "express";
import { Server } from "socket.io";
import { Faults } from "./faults/faults.ts";
import { addFaultsAtConnect } from "./faults/faults-at-connect.ts";
import { Limits } from "./guards/limits.ts";
import { refuseTokenInUrl } from "./guards/token-in-url.ts";
import { admission } from "./handshake/admission.ts";
import { engineGate } from "./handshake/engine-gate.ts";
import { authenticateHandshake } from "./handshake/middleware.ts";
import { watchRefusals } from "./handshake/refusal-watch.ts";
import { serveAdministrators } from "./namespaces/administrators.ts";
import { Chat } from "./namespaces/chat.ts";
import { serveGuests } from "./namespaces/guests.ts";
import { serveHome } from "./namespaces/home.ts";
import { Ticks } from "./namespaces/ticks.ts";
import { UserList } from "./namespaces/user-list.ts";
import { type DemoServerOptions, readOptions } from "./options.ts";
import { Accounts } from "./people/accounts.ts";
import { addDemoAccounts, type DemoAccount, demoAccounts } from "./people/demo-accounts.ts";
import { providerRoutes } from "./provider/provider-routes.ts";
import { ServerSessions } from "./sessions/server-sessions.ts";
import { serveSessions } from "./sessions/session-namespace.ts";
import type { SessionNamespace } from "./sessions/session-sockets.ts";
import { api } from "./site/api.ts";
import { jsonErrors } from "./site/json-errors.ts";
import { pages } from "./site/pages.ts";
import { Connections } from "./sockets/connections.ts";
import type { AdminNamespace, DemoIo, PublicNamespace } from "./sockets/demo-io.ts";
import { Nodes } from "./sockets/nodes.ts";
import { openBackend } from "./stores/backend.ts";
import { AccessTokens } from "./tokens/access-tokens.ts";
import { providerKeys } from "./tokens/provider-keys.ts";
import { ProviderTokens } from "./tokens/provider-tokens.ts";
import { RefreshCookie } from "./tokens/refresh-cookie.ts";
import { RefreshFamilies } from "./tokens/refresh-families.ts";

export type { DemoServerOptions } from "./options.ts";

export interface DemoServer {
  readonly url: string;
  readonly io: DemoIo;
  readonly accounts: readonly DemoAccount[];
  /** Ends everything, including open requests and sockets. */
  close(): Promise<void>;
}

/**
 * Starts the demo on 127.0.0.1. Pages, API and sockets share the port. The sections below are the steps of the lesson;
 * each part is in the folder that its import names.
 *
 * @throws the error of `listen`, for example EADDRINUSE; a TypeError for an invalid option; a StoreError when Redis cannot
 *   be reached
 */
export async function createDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const settings = readOptions(options);
  const { secret, origin, secure, renewal } = settings;
  const derivedKey = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));

  // Stores: this process's memory, or a Redis that several processes share.
  const { store, adapter, close: closeBackend } = await openBackend(settings.redisUrl);

  // People: accounts with hashed passwords, roles and suspensions.
  const accounts = new Accounts(store, settings);
  await addDemoAccounts(accounts);

  // Tokens: access tokens are short-lived JWTs. Each refresh token can be used once, and is kept in an HttpOnly cookie.
  const accessTokens = new AccessTokens({ secret, lifetime: settings.accessTokenLifetime });
  const families = new RefreshFamilies(store, {
    key: derivedKey("refresh tokens"),
    lifetime: settings.refreshLifetime,
    grace: settings.refreshGrace,
  });
  const refreshCookie = new RefreshCookie({ secure, lifetime: settings.refreshLifetime });

  // The OpenID provider has tokens of its own, signed with a key that it publishes.
  const keys = providerKeys(derivedKey("OpenID provider"));
  const providerTokens = new ProviderTokens(keys);

  // Sessions: the same for browsers that use a session cookie in place of tokens.
  const sessions = new ServerSessions(store, {
    secure,
    secret: derivedKey("session cookies").toString("base64url"),
    lifetime: settings.sessionLifetime,
  });

  // Sockets: one Socket.IO server on all nodes.
  const app = express();
  // A proxy in front keeps an idle connection for up to a minute. A server that closed it first could cut a request on its way.
  const server = createServer({ keepAliveTimeout: 65_000 }, app);
  const io: DemoIo = new Server(server, {
    maxHttpBufferSize: 100_000,
    // A recovered socket passes the middlewares again. The lesson's own middleware does not check that it is still the same
    // user, so without `authenticate` there is no recovery.
    ...(renewal === "inBand" && { connectionStateRecovery: { skipMiddlewares: false } }),
    ...(adapter && { adapter }),
    allowRequest: (request, decide) => gate(request, decide),
  });
  const nodes = new Nodes(io, adapter !== undefined);

  // Faults: what the buttons of the page have broken.
  const faults = new Faults(nodes);

  // Guards: what is refused before anybody asks whose request it is.
  const limits = new Limits(store, settings.limits);
  const gate = engineGate({ origin, families, refreshCookie, faults });
  io.engine.use(refuseTokenInUrl);
  io.engine.use(sessions.middleware);
  if (settings.onRefused) watchRefusals(io.engine, settings.onRefused);

  // The handshake: `authenticate` of authsocket/server, or the lesson's middleware written by hand.
  const admin: AdminNamespace = io.of("/admin");
  const { verify, checkStanding } = admission({ accessTokens, providerTokens, accounts, families, faults });
  const administrators = authenticate(admin, {
    verify,
    authorize: ({ subject }) => accounts.isAdministrator(subject),
  });
  // The whole Server, but for "/public", which needs no tokens, and "/session", which knows its users by a cookie.
  const users =
    renewal === "inBand" ? authenticate(io, { verify, except: ["/public", "/session"] }) : undefined;
  const { devices } = users ?? authenticateHandshake(io, verify);
  addFaultsAtConnect(io, faults);

  // Disconnecting: a user everywhere, one browser, or one session.
  const connections = new Connections(io, nodes, {
    namespaces: ["/", "/admin", "/session"],
    users: users ? [users, administrators] : [administrators],
    event: users ? "auth:revoked" : "forceDisconnect",
  });

  // Namespaces: "/" for users, "/public" for everybody, "/session" by cookie, "/admin" for administrators.
  const ticks = new Ticks(io, nodes, store, {
    subjects: () => families.present(demoAccounts.map(({ id }) => id)),
    interval: settings.tickInterval,
  });
  serveHome(io, { nodes, ticks, chat: new Chat(io, store), renewal, checkStanding });
  const guests: PublicNamespace = io.of("/public");
  serveGuests(io, guests, nodes);
  // `socket.data` of "/session" has another type than that of the other namespaces.
  const visitors = io.of("/session") as unknown as SessionNamespace;
  serveSessions(visitors, { sessions, accounts, families });
  serveAdministrators(admin, { io, nodes, accounts, connections, administrators, checkStanding });
  const userList = new UserList(admin, nodes, { accounts, devices });

  // The site: sign-in, refresh and faults under /api, and the pages.
  app.disable("x-powered-by");
  if (origin) app.set("trust proxy", "loopback");
  app.use(refuseTokenInUrl);
  const signInParts = { accounts, accessTokens, families, refreshCookie, connections, limits };
  app.use("/api", api({ origin, io, nodes, faults, ...signInParts, session: sessions.middleware }));

  // The provider: a sign-in by OpenID Connect.
  app.use(
    providerRoutes({
      ...{ origin, store, faults, keys, ...signInParts },
      localOrigins: () => {
        const { port } = server.address() as AddressInfo;
        return [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
      },
      cookieKey: derivedKey("OpenID provider's cookies").toString("base64url"),
      accessTokenLifetime: settings.accessTokenLifetime,
      refreshLifetime: settings.refreshLifetime,
    }),
  );
  app.use(pages());
  app.use(jsonErrors);

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ticks.stop();
    userList.stop();
    const ended = io.close();
    // Idle keep-alive connections, and a refresh that was made to hang, would keep the server open.
    server.closeAllConnections();
    await ended;
    await closeBackend();
  };

  server.listen(settings.port, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    io,
    accounts: demoAccounts,
    close: () => {
      closed ??= close();
      return closed;
    },
  };
}
