import { Router } from "express";
import type { DemoIo, DemoSocket } from "./demo-io.ts";
import { type Faults, OFFLINE_COOKIE } from "./faults.ts";
import { clearRefreshCookie, readRefreshCookie } from "./refresh-cookie.ts";
import type { RefreshSession, RefreshSessions } from "./refresh-sessions.ts";
import { requireRequestedWith } from "./requested-with.ts";

const DEFAULT_OFFLINE = 8_000;
const MAX_OFFLINE = 30_000;

function readDuration(body: unknown): number | undefined {
  if (typeof body !== "object" || body === null || !("ms" in body) || body.ms === undefined)
    return DEFAULT_OFFLINE;
  return typeof body.ms === "number" && body.ms > 0 && body.ms <= MAX_OFFLINE ? body.ms : undefined;
}

/** The buttons that break things, and the breaking. Goes before the routes that it breaks. */
export function faultRoutes(parts: { io: DemoIo; faults: Faults; refreshSessions: RefreshSessions }): Router {
  const { io, faults, refreshSessions } = parts;
  const router = Router();

  const socketsWhere = (matches: (identity: DemoSocket["data"]["identity"]) => boolean): DemoSocket[] =>
    [...io.of("/").sockets.values()].filter((socket) => matches(socket.data.identity));
  const ofSession = (session: RefreshSession): DemoSocket[] =>
    socketsWhere(({ sessionId }) => sessionId === session.id);
  const ofUser = (session: RefreshSession): DemoSocket[] =>
    socketsWhere(({ subject }) => subject === session.subject);
  // Not disconnect(): to the client this is a network that failed, and it comes back by itself.
  const closeTransports = (sockets: DemoSocket[]): void => {
    for (const socket of sockets) socket.conn.close();
  };

  router.use((request, _response, next) => {
    const session = refreshSessions.find(readRefreshCookie(request));
    if (faults.isOffline(session?.id)) request.socket.destroy();
    else next();
  });

  router.post("/refresh-token", requireRequestedWith, (request, response, next) => {
    const secret = readRefreshCookie(request);
    const session = refreshSessions.find(secret);
    const fault = session && faults.takeRefreshFault(session.id);
    switch (fault) {
      case undefined:
        next();
        return;
      case "refresh-401":
        refreshSessions.end(secret);
        clearRefreshCookie(response);
        response.status(401).json({ error: "The session was ended by the fault button: sign in" });
        return;
      case "refresh-503":
        response.status(503).json({ error: "The refresh was made to fail by the fault button" });
        return;
      case "refresh-hang":
        // No answer: the client has to give up.
        return;
      default:
        fault satisfies never;
    }
  });

  router.post("/faults/:kind", (request, response) => {
    const session = refreshSessions.find(readRefreshCookie(request));
    if (!session) {
      response.status(401).json({ error: "Sign in first" });
      return;
    }
    const { kind } = request.params;
    switch (kind) {
      case "refresh-401":
      case "refresh-503":
      case "refresh-hang":
        faults.breakNextRefresh(session.id, kind);
        break;
      case "expire-token":
        faults.expireTokens(session.id);
        closeTransports(ofSession(session));
        break;
      case "cut":
        closeTransports(ofUser(session));
        break;
      case "kick":
        for (const socket of ofUser(session)) socket.disconnect(true);
        break;
      case "offline": {
        const duration = readDuration(request.body);
        if (duration === undefined) {
          response
            .status(400)
            .json({ error: `"ms" must be more than 0 and at most ${MAX_OFFLINE} milliseconds` });
          return;
        }
        faults.goOffline(session.id, duration);
        response.cookie(OFFLINE_COOKIE.name, session.id, {
          httpOnly: true,
          sameSite: "strict",
          path: OFFLINE_COOKIE.path,
          // Whole seconds by the browser's clock: it only has to outlast the fault, which the server ends itself.
          maxAge: 2 * MAX_OFFLINE,
        });
        closeTransports(ofSession(session));
        break;
      }
      default:
        response.status(404).json({ error: "There is no such fault" });
        return;
    }
    response.status(204).end();
  });

  return router;
}
