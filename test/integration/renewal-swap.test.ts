import { describe, expect, it } from "vitest";
import { startServer } from "../support/guarded-server.ts";
import { live, protect, RENEWALS } from "../support/load.ts";

const nothing = { lost: 0, duplicated: 0, overtaken: 0 };

const namespaces = ["/", "/chat", "/news"];

describe.each([[["websocket"]], [["polling", "websocket"]]])("renewal under load by %s", (transports) => {
  it("B13 by reconnecting, to a server with recovery that knows nothing of it: nothing lost, duplicated or rejected", async () => {
    const { io, url } = await startServer({ connectionStateRecovery: {} });
    for (const name of namespaces) protect(io.of(name));
    const result = await live(io, namespaces, { url, renewal: "reconnect", io: { transports } });
    expect(result.disconnects).toBeGreaterThanOrEqual(namespaces.length * (RENEWALS - 1));
    expect(result).toMatchObject({ rejected: 0, up: namespaces.map(() => nothing) });
    expect(result.received).toEqual(namespaces.map(() => nothing));
    expect(result.now).toEqual(result.ids);
  }, 30_000);
});
