import type { Manager } from "socket.io-client";
import type { Platform } from "./platform/platform.ts";

type Engine = Manager["engine"];

/** A socket whose emits can be kept back for a moment. */
export interface HoldableSocket {
  /** From now on emits are buffered. Resolves when what was sent before has been acknowledged. */
  hold(): Promise<unknown>;
  release(): void;
}

/** ms for the server to take in what was sent last: events that arrive together with the close are lost on it. */
const SETTLE = 50;

/** ms that acknowledgements are waited for. */
const ACK_PATIENCE = 1_000;

/** After each of these an engine may have nothing left to do. */
const QUIETING = ["drain", "upgrade", "upgradeError", "close"] as const;

/**
 * Replaces the engine beneath all sockets by a new one, whose handshakes carry the new token (B13, "reconnect"): emits are
 * held, what was sent is written and acknowledged, no transport is being upgraded, and only then is the engine closed.
 * Socket.IO reconnects at once, and its connection state recovery brings what was sent to the page in between.
 */
export async function swapEngine(
  manager: Manager,
  sockets: HoldableSocket[],
  platform: Platform,
): Promise<void> {
  const { engine } = manager;
  const pause = (ms: number) => new Promise<void>((resolve) => platform.setTimeout(resolve, ms));
  const acknowledged = Promise.all(sockets.map((socket) => socket.hold()));
  await Promise.race([Promise.all([acknowledged, pause(SETTLE)]), pause(ACK_PATIENCE)]);
  await quiet(engine);
  if (manager.engine === engine && engine.readyState === "open") {
    const delay = manager.reconnectionDelay();
    manager.reconnectionDelay(0);
    engine.close();
    manager.reconnectionDelay(delay);
  }
  for (const socket of sockets) socket.release();
}

function quiet(engine: Engine): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      // Not declared, though not private either: a transport is being replaced, and holds what is written meanwhile.
      const { upgrading } = engine as unknown as { upgrading: boolean };
      if (engine.readyState === "open" && (engine.writeBuffer.length > 0 || upgrading)) return;
      for (const event of QUIETING) engine.off(event, look);
      resolve();
    };
    for (const event of QUIETING) engine.on(event, look);
    look();
  });
}
