import { userRoom } from "authsocket/server";
import { Router } from "express";
import { requireRequestedWith } from "../guards/requested-with.ts";
import { familyRoom } from "../sockets/connections.ts";
import type { DemoIo } from "../sockets/demo-io.ts";
import type { Nodes } from "../sockets/nodes.ts";
import type { RefreshCookie } from "../tokens/refresh-cookie.ts";
import type { RefreshFamilies } from "../tokens/refresh-families.ts";
import { offlineGate, refreshGate } from "./fault-gates.ts";
import type { Faults } from "./faults.ts";

/** How long a fault lasts, in ms. */
const DEFAULT_DURATION = 8_000;
const MAX_DURATION = 30_000;

function readDuration(body: unknown): number | undefined {
  if (typeof body !== "object" || body === null || !("ms" in body) || body.ms === undefined)
    return DEFAULT_DURATION;
  return typeof body.ms === "number" && body.ms > 0 && body.ms <= MAX_DURATION ? body.ms : undefined;
}

/** The routes behind the fault buttons, and the faults themselves. Must come before the routes that they break. */
export function faultRoutes(parts: {
  io: DemoIo;
  nodes: Nodes;
  faults: Faults;
  families: RefreshFamilies;
  refreshCookie: RefreshCookie;
}): Router {
  const { io, nodes, faults, families, refreshCookie } = parts;
  const router = Router();

  // Not disconnect(): the client takes this for a network failure, and reconnects by itself.
  nodes.on("cut", (room) => {
    for (const socket of io.of("/").sockets.values()) if (socket.rooms.has(room)) socket.conn.close();
  });

  router.use(offlineGate(parts));
  router.post(
    "/refresh-token",
    requireRequestedWith,
    refreshGate(parts, {
      refuse: (response) =>
        response.status(401).json({ error: "The session was ended by the fault button: sign in" }),
    }),
  );

  router.post("/faults/:kind", async (request, response) => {
    const family = await families.find(refreshCookie.read(request));
    if (!family) {
      response.status(401).json({ error: "Sign in first" });
      return;
    }
    const { kind } = request.params;
    const duration = readDuration(request.body);
    if (duration === undefined) {
      response
        .status(400)
        .json({ error: `"ms" must be more than 0 and at most ${MAX_DURATION} milliseconds` });
      return;
    }
    // The connection of this browser is cut, so that the next handshake shows the fault at once.
    const cut = (): void => nodes.tell("cut", familyRoom(family.id));
    switch (kind) {
      case "refresh-401":
      case "refresh-403":
      case "refresh-503":
      case "refresh-hang":
        faults.breakNextRefresh(family.id, kind);
        break;
      case "expire-token":
        faults.expireTokens(family.id);
        cut();
        break;
      case "keys-missing":
        faults.stopKeys(family.id, duration);
        cut();
        break;
      case "refuse-role":
        faults.refuseRole(family.id, duration);
        cut();
        break;
      case "verify-late":
        faults.verifyLate(family.id);
        cut();
        break;
      case "cut":
        nodes.tell("cut", userRoom(family.subject));
        break;
      case "kick":
        io.in(userRoom(family.subject)).disconnectSockets(true);
        break;
      case "offline":
        faults.goOffline(family.id, duration);
        cut();
        break;
      default:
        response.status(404).json({ error: "There is no such fault" });
        return;
    }
    response.status(204).end();
  });

  return router;
}
