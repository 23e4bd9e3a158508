import { createTestServer } from "authsocket/testing";
import { onTestFinished } from "vitest";
import type { Stage } from "./scenario.ts";

/** The server in memory. */
export function memoryStage(): Stage {
  const server = createTestServer();
  onTestFinished(() => server.close());
  return {
    auth: server.socket({ autoConnect: false }),
    issue: (options) => server.issue(options),
    emit: (event, ...args) => server.emit(event, ...args),
    emitTo: (namespace, event, ...args) => server.of(namespace).emit(event, ...args),
    received: (event) => server.received(event),
    kick: () => server.kick(),
    cut: () => server.cut(),
    offline: () => server.offline(),
    online: () => server.online(),
    drop: () => server.drop(),
    revoke: (reason) => server.revoke(reason),
    refuse: (code, retryAfter) => server.refuse(code as "unavailable", { retryAfter }),
    accept: () => server.accept(),
    refresh: server.refresh,
    pass: (ms) => server.clock.advance(ms),
  };
}
