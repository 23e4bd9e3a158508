import type { Manager } from "socket.io-client";
import type { Platform } from "../platform/platform.ts";
import type { AckTracker } from "./ack-tracker.ts";
import type { FastReconnect } from "./fast-reconnect.ts";

type Engine = Manager["engine"];

/** ms for the server to take in what was sent last: events that arrive together with the close are lost on it. */
const SETTLE = 50;

/** ms that acknowledgements are waited for. */
const ACK_TIMEOUT = 1_000;

/** After each of these an engine may have nothing left to do. */
const QUIETING = ["drain", "upgrade", "upgradeError", "close"] as const;

/**
 * Replaces the engine beneath all sockets by a new one, whose handshakes carry the new token (B13, "reconnect"): emits are
 * held, what was sent is written and acknowledged, no transport is being upgraded (T20), and only then is the engine
 * closed. Socket.IO reconnects at once, and its connection state recovery brings what was sent to the page in between.
 */
export async function reconnectGracefully(
  manager: Manager,
  trackers: AckTracker[],
  fastReconnect: FastReconnect,
  platform: Platform,
): Promise<void> {
  // Without reconnecting there is no new engine to come.
  if (!manager.reconnection()) return;
  const { engine } = manager;
  const release = () => {
    for (const tracker of trackers) tracker.release();
  };
  // One that is being opened carries the new token anyway; one that is closing tells of it perhaps no more, and what would
  // be held would be held for ever.
  if (engine.readyState !== "open") return;
  const pause = (ms: number) => new Promise<void>((resolve) => platform.setTimeout(resolve, ms));
  // Whoever closes it: what was held goes out with the next connection.
  engine.once("close", release);
  const acknowledged = Promise.all(trackers.map((tracker) => tracker.hold()));
  await Promise.race([Promise.all([acknowledged, pause(SETTLE)]), pause(ACK_TIMEOUT)]);
  while (isBusy(engine)) await change(engine);
  if (engine.readyState !== "open") {
    // B13: closed while it was waited for, by whoever; should its "close" have been missed, nothing stays held.
    if (engine.readyState === "closed") release();
    return;
  }
  fastReconnect.expect(platform.now());
  try {
    engine.close();
  } catch (error) {
    // Of a listener of the app's (B9), which may stand before the one that releases.
    release();
    platform.report(error);
  }
}

/** Closing it now would lose what it has still to write, or let it be overtaken. */
function isBusy(engine: Engine): boolean {
  const { readyState, writeBuffer } = engine;
  // Not declared, though not private either: a transport is being replaced, and holds what is written meanwhile.
  const { upgrading } = engine as unknown as { upgrading: boolean };
  return readyState === "open" && (writeBuffer.length > 0 || upgrading);
}

function change(engine: Engine): Promise<void> {
  return new Promise((resolve) => {
    for (const event of QUIETING) engine.once(event, () => resolve());
  });
}
