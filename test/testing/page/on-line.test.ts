import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let servers: [TestServer, TestServer];

beforeEach(() => {
  servers = [createTestServer(), createTestServer()];
});

afterEach(async () => {
  for (const server of servers) await server.close();
  Reflect.deleteProperty(navigator, "onLine");
});

describe("navigator.onLine", () => {
  it("is false until the last of several servers is online again", async () => {
    const [first, second] = servers;
    first.offline();
    second.offline();
    first.online();
    expect(navigator.onLine).toBe(false);
    await second.close();
    expect(navigator.onLine).toBe(true);
    expect(Object.hasOwn(navigator, "onLine")).toBe(false);
  });

  it("that the app has a stub of has it again afterwards", () => {
    const [server] = servers;
    const own = { get: () => true, configurable: true };
    Object.defineProperty(navigator, "onLine", own);
    server.offline();
    expect(navigator.onLine).toBe(false);
    server.online();
    expect(Object.getOwnPropertyDescriptor(navigator, "onLine")).toMatchObject(own);
  });

  it("that is replaced while the network is away is left alone", () => {
    const [server] = servers;
    server.offline();
    Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
    server.online();
    expect(navigator.onLine).toBe(false);
  });
});
