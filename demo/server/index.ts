import { hkdfSync, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { AuthError, authenticate, type Identity } from "authsocket/server";
import express from "express";
import { Server } from "socket.io";
import type { Profile } from "../socket-events.ts";
import { AccessTokens, type Claims, profileOf } from "./access-tokens.ts";
import { Accounts } from "./accounts.ts";
import { acknowledge } from "./acknowledgement.ts";
import { AdminConsole } from "./admin-console.ts";
import { Chat } from "./chat.ts";
import { Connections, familyRoom } from "./connections.ts";
import { type DemoAccount, demoAccounts } from "./demo-accounts.ts";
import type { AdminNamespace, DemoIo, PublicNamespace } from "./demo-io.ts";
import { cutAt } from "./expiry-cut.ts";
import { faultRoutes } from "./fault-routes.ts";
import { Faults } from "./faults.ts";
import { serveGuests } from "./guests.ts";
import { authenticateHandshake } from "./handshake.ts";
import { jsonErrors } from "./json-errors.ts";
import { MemoryStore } from "./memory-store.ts";
import { Nodes } from "./nodes.ts";
import { pages } from "./pages.ts";
import { RefreshCookie } from "./refresh-cookie.ts";
import { RefreshFamilies } from "./refresh-families.ts";
import { refreshRoute } from "./refresh-route.ts";
import { watchRefusals } from "./refusals.ts";
import { signInRoutes } from "./sign-in-routes.ts";
import { Ticks } from "./ticks.ts";
import { UserList } from "./user-list.ts";

export interface DemoServerOptions {
  /** default 0: any free port */
  port?: number;
  /** ms, default 15 000 */
  accessTokenLifetime?: number;
  /** ms that one sign-in lasts, however often it is refreshed. default 12 h */
  refreshLifetime?: number;
  /** ms for which a refresh token that is used again gets the same successor. default 0: using it twice ends the family */
  refreshGrace?: number;
  /** At least 32 bytes; what this server signs is signed with it or with what is derived from it. Default random: all then ends with the process. */
  secret?: string;
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
  const { refreshLifetime = 12 * 60 * 60 * 1000, refreshGrace = 0, onRefused } = options;
  const { secret = randomBytes(32).toString("base64url") } = options;
  const derivedKey = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", secret, "", purpose, 32));

  const accessTokens = new AccessTokens({ secret, lifetime: accessTokenLifetime });
  const store = new MemoryStore();
  const families = new RefreshFamilies(store, {
    key: derivedKey("refresh tokens"),
    lifetime: refreshLifetime,
    grace: refreshGrace,
  });
  const refreshCookie = new RefreshCookie({ secure: false, lifetime: families.lifetime });
  const accounts = new Accounts(store);
  await Promise.all(demoAccounts.map(({ password, ...user }) => accounts.add(user, password)));

  const app = express();
  const server = createServer(app);
  const io: DemoIo = new Server(server, {
    maxHttpBufferSize: 100_000,
    serveClient: true,
    // The lesson's middleware is not asked about who recovers: that server has no recovery.
    ...(renewal === "inBand" && { connectionStateRecovery: { skipMiddlewares: false } }),
    allowRequest: (request, decide) => {
      families.find(refreshCookie.read(request)).then(
        (family) => {
          const offline = faults.isOffline(family?.id);
          decide(offline ? "offline" : null, !offline);
        },
        () => decide("unavailable", false),
      );
    },
  });
  const nodes = new Nodes(io, false);
  const faults = new Faults(nodes);
  const admin: AdminNamespace = io.of("/admin");
  const guests: PublicNamespace = io.of("/public");
  if (onRefused) watchRefusals(io.engine, onRefused);

  /** Who may connect: signature and lifetime, and that sign-in and user are still good. */
  const verify = async (token: string): Promise<Identity<Claims>> => {
    const identity = await accessTokens.verify(token);
    faults.assertNotExpired(identity);
    const { subject, claims } = identity;
    if ((await accounts.find(subject))?.suspended)
      throw new AuthError("insufficient_scope", "This account is suspended");
    if (!(await families.isAlive({ id: claims.familyId, subject }))) throw new AuthError("token_revoked");
    return identity;
  };

  const isAdministrator = async ({ subject }: Identity<Claims>): Promise<boolean> =>
    (await accounts.find(subject))?.role === "admin";
  const users = renewal === "inBand" ? authenticate(io, { verify }) : authenticateHandshake(io, verify);
  const administrators = authenticate(admin, { verify, authorize: isAdministrator });
  const connections = new Connections(io, nodes, {
    namespaces: ["/", "/admin"],
    users: [users, administrators],
    event: "auth:revoked",
  });

  app.disable("x-powered-by");
  app.use(
    "/api",
    (_request, response, next) => {
      response.set("Cache-Control", "no-store");
      next();
    },
    express.json({ limit: "10kb" }),
    faultRoutes({ io, nodes, faults, families, refreshCookie }),
    signInRoutes({ accounts, accessTokens, families, refreshCookie, connections }),
    refreshRoute({ accounts, accessTokens, families, refreshCookie, connections }),
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
