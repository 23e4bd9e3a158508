import { hkdfSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { authenticate, type Identity } from "authsocket/server";
import express from "express";
import { Server } from "socket.io";
import type { Profile } from "../socket-events.ts";
import { AccessTokens, type Claims, profileOf } from "./access-tokens.ts";
import { Accounts } from "./accounts.ts";
import { acknowledge } from "./acknowledgement.ts";
import { AdminConsole } from "./admin-console.ts";
import { admission } from "./admission.ts";
import { openBackend } from "./backend.ts";
import { Chat } from "./chat.ts";
import { Connections, familyRoom } from "./connections.ts";
import { type DemoAccount, demoAccounts } from "./demo-accounts.ts";
import type { AdminNamespace, DemoIo, PublicNamespace, SessionNamespace } from "./demo-io.ts";
import { cutAt } from "./expiry-cut.ts";
import { faultRoutes } from "./fault-routes.ts";
import { Faults } from "./faults.ts";
import { serveGuests } from "./guests.ts";
import { authenticateHandshake } from "./handshake.ts";
import { jsonErrors } from "./json-errors.ts";
import { type LimitOptions, Limits } from "./limits.ts";
import { Nodes } from "./nodes.ts";
import { checkOrigin, isFromHere, requireOwnOrigin } from "./origin-check.ts";
import { pages } from "./pages.ts";
import { RefreshCookie } from "./refresh-cookie.ts";
import { RefreshFamilies } from "./refresh-families.ts";
import { refreshRoute } from "./refresh-route.ts";
import { watchRefusals } from "./refusals.ts";
import { ServerSessions } from "./server-session.ts";
import { serverSessionRoutes } from "./server-session-routes.ts";
import { serveSessions } from "./session-namespace.ts";
import { signInRoutes } from "./sign-in-routes.ts";
import { Ticks } from "./ticks.ts";
import { refuseTokenInUrl } from "./token-in-url.ts";
import { UserList } from "./user-list.ts";

export interface DemoServerOptions {
  /** default 0: any free port */
  port?: number;
  /** ms, default 15 000 */
  accessTokenLifetime?: number;
  /** ms that a server session lasts, from its start or its latest renewal. default 60 000 */
  sessionLifetime?: number;
  /** ms that one sign-in lasts, however often it is refreshed. default 12 h */
  refreshLifetime?: number;
  /** ms for which a refresh token that is used again gets the same successor. default 0: using it twice ends the family */
  refreshGrace?: number;
  /** At least 32 bytes; what this server signs is signed with it or with what is derived from it. Default random: all then ends with the process. */
  secret?: string;
  /**
   * Where browsers find this server if a proxy stands in front: "https://demo.example". Its pages are let in, cookies are
   * `Secure`, and the proxy is believed whose address a request has. default: the loopback interface, plain http
   */
  origin?: string;
  limits?: LimitOptions;
  /** "redis://…", shared by several nodes, which need the same secret too. Default: this server is alone. */
  redisUrl?: string;
  /** ms between two ticks, default 1 000 */
  tickInterval?: number;
  /**
   * "inBand": a connection in "/" takes new tokens while it lives. "cut": as in tutorials, it is cut when its token expires.
   * default "inBand"
   */
  renewal?: "inBand" | "cut";
  /** Is told the code of each handshake that is refused. */
  onRefused?: (code: string) => void;
}

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
 * @throws the `listen` error, for example EADDRINUSE; a TypeError for a bad option
 */
export async function createDemoServer(options: DemoServerOptions = {}): Promise<DemoServer> {
  const { port = 0, accessTokenLifetime = 15_000, tickInterval = 1_000, renewal = "inBand" } = options;
  const {
    refreshLifetime = 12 * 60 * 60 * 1000,
    refreshGrace = 0,
    sessionLifetime = 60_000,
    redisUrl,
    onRefused,
  } = options;
  const { secret = randomBytes(32).toString("base64url") } = options;
  const origin = options.origin === undefined ? undefined : checkOrigin(options.origin);
  const secure = origin?.startsWith("https:") ?? false;
  const derivedKey = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));

  const accessTokens = new AccessTokens({ secret, lifetime: accessTokenLifetime });
  const backend = await openBackend(redisUrl);
  const { store, adapter } = backend;
  const families = new RefreshFamilies(store, {
    key: derivedKey("refresh tokens"),
    lifetime: refreshLifetime,
    grace: refreshGrace,
  });
  const sessions = new ServerSessions(store, {
    secure,
    secret: derivedKey("session cookies").toString("base64url"),
    lifetime: sessionLifetime,
  });
  const refreshCookie = new RefreshCookie({ secure, lifetime: families.lifetime });
  const accounts = new Accounts(store);
  await Promise.all(demoAccounts.map(({ password, ...user }) => accounts.add(user, password)));

  const app = express();
  const server = createServer(app);
  const io: DemoIo = new Server(server, {
    maxHttpBufferSize: 100_000,
    serveClient: true,
    // The lesson's middleware is not asked about who recovers: that server has no recovery.
    ...(renewal === "inBand" && { connectionStateRecovery: { skipMiddlewares: false } }),
    ...(adapter && { adapter }),
    allowRequest: (request, decide) => {
      if (isFromHere(request.headers, origin)) refuseOffline(request, decide);
      else decide("This origin is not allowed", false);
    },
  });
  function refuseOffline(request: IncomingMessage, decide: (reason: string, allowed: boolean) => void): void {
    families.find(refreshCookie.read(request)).then(
      (family) => decide("offline", !faults.isOffline(family?.id)),
      () => decide("unavailable", false),
    );
  }
  io.engine.use(refuseTokenInUrl);
  io.engine.use(sessions.middleware);
  const nodes = new Nodes(io, adapter !== undefined);
  const faults = new Faults(nodes);
  const limits = new Limits(store, options.limits);
  const admin: AdminNamespace = io.of("/admin");
  const guests: PublicNamespace = io.of("/public");
  const visitors = io.of("/session") as unknown as SessionNamespace;
  if (onRefused) watchRefusals(io.engine, onRefused);

  const verify = admission({ accessTokens, accounts, families, faults });
  // The role as it is now, not as it was when the token was issued.
  const isAdministrator = async ({ subject }: Identity<Claims>): Promise<boolean> =>
    (await accounts.find(subject))?.role === "admin";
  const users = renewal === "inBand" ? authenticate(io, { verify }) : authenticateHandshake(io, verify);
  const administrators = authenticate(admin, { verify, authorize: isAdministrator });
  const connections = new Connections(io, nodes, {
    namespaces: ["/", "/admin", "/session"],
    users: [users, administrators],
    event: renewal === "inBand" ? "auth:revoked" : "forceDisconnect",
  });

  app.disable("x-powered-by");
  if (origin) app.set("trust proxy", "loopback");
  app.use(refuseTokenInUrl);
  app.use(
    "/api",
    (_request, response, next) => {
      response.set("Cache-Control", "no-store");
      next();
    },
    requireOwnOrigin(origin),
    express.json({ limit: "10kb" }),
    faultRoutes({ io, nodes, faults, families, refreshCookie }),
    signInRoutes({ accounts, accessTokens, families, refreshCookie, connections, limits }),
    refreshRoute({ accounts, accessTokens, families, refreshCookie, connections, limits }),
    serverSessionRoutes({
      session: sessions.middleware,
      accounts,
      families,
      refreshCookie,
      connections,
      limits,
    }),
    (_request, response) => {
      response.status(404).json({ error: "There is nothing here" });
    },
  );
  app.use(pages());
  app.use(jsonErrors);

  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const signedIn = async (): Promise<string[]> => {
    const ids = demoAccounts.map(({ id }) => id);
    const are = await Promise.all(ids.map((id) => families.hasAny(id)));
    return ids.filter((_, index) => are[index]);
  };
  const ticks = new Ticks(io, nodes, store, { subjects: signedIn, interval: tickInterval });
  const chat = new Chat(io, store);
  serveGuests(io, guests, nodes);
  serveSessions(visitors, { sessions, accounts, families });
  io.on("connection", (socket) => {
    void socket.join(familyRoom(socket.data.auth.claims.familyId));
    ticks.serve(socket);
    chat.serve(socket);
    socket.on("whoami", (reply: unknown) => acknowledge<Profile>(reply)(profileOf(socket.data.auth)));
    if (renewal === "cut") cutAt(socket, socket.data.auth.expiresAt);
    nodes.tell("people");
    socket.on("disconnect", () => nodes.tell("people"));
  });

  const userList = new UserList(admin, nodes, { accounts, devices: users.devices });
  const adminConsole = new AdminConsole({ io, nodes, accounts, connections, administrators });
  admin.on("connection", (socket) => {
    void socket.join(familyRoom(socket.data.auth.claims.familyId));
    adminConsole.serve(socket);
  });

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ticks.stop();
    userList.stop();
    const ended = io.close();
    // A refresh that was made to hang, and idle keep-alive connections, would hold the server open.
    server.closeAllConnections();
    await ended;
    await backend.close();
  };

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
