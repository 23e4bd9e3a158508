import { Manager } from "socket.io-client";
import { beforeEach, describe, expect, it } from "vitest";
import { FastReconnect } from "../../src/client/connection/fast-reconnect.ts";

const NOW = 1_000_000_000;
const DELAY = 1_234;

describe("T5 the siblings of a namespace that the server disconnects", () => {
  let manager: Manager;
  let reconnect: FastReconnect;

  beforeEach(() => {
    manager = new Manager("http://localhost", { autoConnect: false, reconnectionDelay: DELAY });
    reconnect = new FastReconnect(manager);
  });

  it.each([
    ["at once", 0, 0],
    ["two seconds later", 2_000, 0],
    ["a bit later", 2_001, DELAY],
  ])("come back without Socket.IO's delay where the transport ends soon: %s", async (_, after, delay) => {
    reconnect.expect(NOW);
    reconnect.closed(NOW + after);
    expect(manager.reconnectionDelay()).toBe(delay);
    await Promise.resolve();
    expect(manager.reconnectionDelay()).toBe(DELAY);
  });

  it("wait as ever where no namespace was disconnected", () => {
    reconnect.closed(NOW);
    expect(manager.reconnectionDelay()).toBe(DELAY);
  });

  it("wait as ever the next time", async () => {
    reconnect.expect(NOW);
    reconnect.closed(NOW);
    await Promise.resolve();
    reconnect.closed(NOW + 1);
    expect(manager.reconnectionDelay()).toBe(DELAY);
  });

  it("B19 are left the delay that the app sets as it hears of the end", async () => {
    reconnect.expect(NOW);
    reconnect.closed(NOW);
    manager.reconnectionDelay(2_500);
    await Promise.resolve();
    expect(manager.reconnectionDelay()).toBe(2_500);
  });

  it("are left the delay that the app sets meanwhile, where there was none", async () => {
    manager.reconnectionDelay(0);
    reconnect.expect(NOW);
    reconnect.closed(NOW);
    manager.reconnectionDelay(DELAY);
    await Promise.resolve();
    expect(manager.reconnectionDelay()).toBe(DELAY);
  });
});
