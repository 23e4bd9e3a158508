import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express from "express";
import { Server } from "socket.io";
import { AccessTokens } from "./access-tokens.ts";
import { Accounts } from "./accounts.ts";
import { Chat } from "./chat.ts";
import { type DemoAccount, demoAccounts } from "./demo-accounts.ts";
import type { DemoIo } from "./demo-io.ts";
import { cutAt } from "./expiry-cut.ts";
import { faultRoutes } from "./fault-routes.ts";
import { Faults } from "./faults.ts";
import { authenticateHandshake, type RefusalCode } from "./handshake.ts";
import { jsonErrors } from "./json-errors.ts";
import { pages } from "./pages.ts";
import { RefreshSessions } from "./refresh-sessions.ts";
import { sessionRoutes } from "./session-routes.ts";
import { Ticks } from "./ticks.ts";

export interface DemoServerOptions {
  /** default 0: any free port */
  port?: number;
  /** ms, default 15 000 */
  accessTokenLifetime?: number;
  /** At least 32 bytes. Default random: tokens then end with the process. */
  secret?: string;
  /** ms between two ticks, default 1 000 */
  tickInterval?: number;
  /** Is told the code of each handshake that is refused. */
  onRefused?: (code: RefusalCode) => void;
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
  const { port = 0, accessTokenLifetime = 15_000, tickInterval = 1_000, onRefused } = options;
  const { secret = randomBytes(32).toString("base64url") } = options;

  const accessTokens = new AccessTokens({ secret, lifetime: accessTokenLifetime });
  const refreshSessions = new RefreshSessions();
  const faults = new Faults();
  const accounts = new Accounts();
  await Promise.all(demoAccounts.map(({ password, ...user }) => accounts.add(user, password)));

  const app = express();
  const server = createServer(app);
  const io: DemoIo = new Server(server, {
    maxHttpBufferSize: 100_000,
    serveClient: true,
    allowRequest: faults.allowRequest,
  });

  app.disable("x-powered-by");
  app.use(
    "/api",
    (_request, response, next) => {
      response.set("Cache-Control", "no-store");
      next();
    },
    express.json({ limit: "10kb" }),
    faultRoutes({ io, faults, refreshSessions }),
    sessionRoutes({ accounts, accessTokens, refreshSessions }),
    (_request, response) => {
      response.status(404).json({ error: "There is nothing here" });
    },
  );
  app.use(pages());
  app.use(jsonErrors);

  authenticateHandshake(io, {
    verify: async (token) => {
      const identity = await accessTokens.verify(token);
      faults.assertNotExpired(identity);
      return identity;
    },
    ...(onRefused && { onRefused }),
  });

  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const ticks = new Ticks(io, { subjects: () => refreshSessions.subjects(), interval: tickInterval });
  const chat = new Chat(io);
  io.on("connection", (socket) => {
    ticks.serve(socket);
    chat.serve(socket);
    cutAt(socket, socket.data.identity.expiresAt);
  });

  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    ticks.stop();
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
