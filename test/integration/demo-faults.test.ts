import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Faults } from "../../demo/server/faults/faults.ts";
import { Nodes } from "../../demo/server/sockets/nodes.ts";
import { type Browser, event, OWN_HEADER, useDemoServer } from "../support/demo-browser.ts";

const { server, newBrowser, signedIn } = useDemoServer();

describe("faults", () => {
  const fault = async (browser: Browser, kind: string, body?: unknown): Promise<number> =>
    (await browser.post(`/api/faults/${kind}`, body)).status;

  it("are for who is signed in, and are known by name", async () => {
    expect(await fault(newBrowser(), "cut")).toBe(401);
    const { browser } = await signedIn();
    expect(await fault(browser, "flood")).toBe(404);
    expect(await fault(browser, "constructor")).toBe(404);
  });

  it("refresh-401 ends the session at the next refresh", async () => {
    const { browser } = await signedIn();
    const cookie = browser.cookie("/api");
    expect(await fault(browser, "refresh-401")).toBe(204);
    expect((await browser.refresh()).status).toBe(401);
    expect(browser.cookie("/api")).toBe("");
    const again = await newBrowser().post("/api/refresh-token", undefined, { ...OWN_HEADER, Cookie: cookie });
    expect(again.status).toBe(401);
  });

  it("refresh-503 fails the next refresh, once, of this session only", async () => {
    const { browser } = await signedIn();
    const { browser: another } = await signedIn();
    expect(await fault(browser, "refresh-503")).toBe(204);
    expect((await another.refresh()).status).toBe(200);
    expect((await browser.post("/api/refresh-token")).status).toBe(403);
    expect((await browser.refresh()).status).toBe(503);
    expect((await browser.refresh()).status).toBe(200);
  });

  it("refresh-403 answers the next refresh as a firewall would, in HTML, and leaves the session alone", async () => {
    const { browser } = await signedIn();
    expect(await fault(browser, "refresh-403")).toBe(204);
    const blocked = await browser.refresh();
    expect(blocked.status).toBe(403);
    expect(blocked.headers.get("content-type")).toContain("text/html");
    expect((await browser.refresh()).status).toBe(200);
  });

  it("refresh-hang leaves the next refresh without an answer, once", async () => {
    const { browser } = await signedIn();
    expect(await fault(browser, "refresh-hang")).toBe(204);
    const hanging = fetch(`${browser.url}/api/refresh-token`, {
      method: "POST",
      headers: { ...OWN_HEADER, Cookie: browser.cookie("/api") },
      signal: AbortSignal.timeout(300),
    });
    await expect(hanging).rejects.toMatchObject({ name: "TimeoutError" });
    expect((await browser.refresh()).status).toBe(200);
  });

  it("expire-token drops this session's sockets and refuses the tokens it has, and no later one", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const [socket, other] = [await browser.connect(token), await bystander.browser.connect(bystander.token)];
    const ofOthers: string[] = [];
    other.on("disconnect", (reason) => ofOthers.push(reason));
    const dropped = event(socket, "disconnect");
    const refused = event(socket, "connect_error");
    expect(await fault(browser, "expire-token")).toBe(204);
    expect(await dropped).toContain("transport close");
    const [error] = (await refused) as [Error & { data: unknown }];
    expect(error.data).toEqual({ code: "token_expired" });
    await browser.connect(await browser.freshToken());
    await other.emitWithAck("ticks", null);
    expect(ofOthers).toEqual([]);
    expect((await browser.refusal(token)).data).toEqual({ code: "token_expired" });
  });

  it("keys-missing makes every token of this session unavailable for a while, and no longer", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const socket = await browser.connect(token);
    const dropped = event(socket, "disconnect");
    const refused = event(socket, "connect_error");
    expect(await fault(browser, "keys-missing")).toBe(204);
    expect((await dropped)[0]).toBe("transport close");
    const [error] = (await refused) as [Error & { data: unknown }];
    expect(error.data).toMatchObject({ code: "unavailable", retryAfter: expect.any(Number) });
    expect((await bystander.browser.connect(bystander.token)).connected).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 8_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    expect((await browser.connect(token)).connected).toBe(true);
  });

  it("refuse-role refuses this session's sockets without a code for a while, whatever their token", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    await browser.connect(token);
    expect(await fault(browser, "refuse-role")).toBe(204);
    for (const tried of [token, await browser.freshToken()]) {
      const error = await browser.refusal(tried);
      expect([error.message, error.data]).toEqual(["Unauthorized", undefined]);
    }
    expect((await bystander.browser.connect(bystander.token)).connected).toBe(true);
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 8_000 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    expect((await browser.connect(await browser.freshToken())).connected).toBe(true);
  });

  it("verify-late accepts this session's present tokens, then disconnects them; later ones stay", async () => {
    const { browser, token } = await signedIn();
    await browser.connect(token);
    expect(await fault(browser, "verify-late")).toBe(204);
    const late = await browser.connect(token);
    expect((await event(late, "disconnect"))[0]).toBe("io server disconnect");
    const fresh = await browser.connect(await browser.freshToken());
    await fresh.emitWithAck("ticks", null);
    expect(fresh.connected).toBe(true);
  });

  it("cut is a network drop to all the user's sockets, and they come back by themselves", async () => {
    const { browser, token } = await signedIn("alice");
    const second = await signedIn("alice");
    const bob = await signedIn("bob");
    const sockets = [await browser.connect(token), await second.browser.connect(second.token)];
    const untouched = await bob.browser.connect(bob.token);
    const ofOthers: string[] = [];
    untouched.on("disconnect", (reason) => ofOthers.push(reason));
    const drops = Promise.all(sockets.map((socket) => event(socket, "disconnect")));
    const returns = Promise.all(sockets.map((socket) => event(socket, "connect")));
    expect(await fault(browser, "cut")).toBe(204);
    expect((await drops).map(([reason]) => reason)).toEqual(["transport close", "transport close"]);
    await returns;
    await untouched.emitWithAck("ticks", null);
    expect(ofOthers).toEqual([]);
  });

  it("kick is a disconnect by the server, and the client stays away", async () => {
    const { browser, token } = await signedIn();
    const socket = await browser.connect(token);
    const dropped = event(socket, "disconnect");
    expect(await fault(browser, "kick")).toBe(204);
    expect((await dropped)[0]).toBe("io server disconnect");
    expect(socket.active).toBe(false);
  });

  it("offline drops calls and sockets and refuses the engine's handshake for a while, in this session only", async () => {
    const { browser, token } = await signedIn();
    const bystander = await signedIn();
    const socket = await browser.connect(token);
    const dropped = event(socket, "disconnect");
    const refused = event(socket, "connect_error");
    const back = event(socket, "connect");
    const start = Date.now();
    expect(await fault(browser, "offline", { ms: 700 })).toBe(204);
    expect((await dropped)[0]).toBe("transport close");
    await expect(browser.refresh()).rejects.toThrow();
    await expect(browser.login("alice", "wonderland")).rejects.toThrow();
    const [error] = (await refused) as [Error & { data?: unknown }];
    // T14: the engine's refusal, which has no code and is retried.
    expect(error.message).toBe("xhr poll error");
    expect(socket.active).toBe(true);
    expect((await bystander.browser.refresh()).status).toBe(200);
    await bystander.browser.connect(bystander.token);
    await back;
    expect(Date.now() - start).toBeGreaterThanOrEqual(690);
    expect((await browser.refresh()).status).toBe(200);
  });

  it("a fault lasts 8 s where nothing is said, 30 at most", async () => {
    const { browser } = await signedIn();
    for (const ms of [0, -1, 30_001, "1000", null]) expect(await fault(browser, "offline", { ms })).toBe(400);
    const start = Date.now();
    const response = await browser.post("/api/faults/offline");
    expect(response.status).toBe(204);
    const end = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now: start + 7_999 });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    await expect(browser.refresh()).rejects.toThrow();
    vi.setSystemTime(end + 8_000);
    expect((await browser.refresh()).status).toBe(200);
  });

  it("are remembered for the latest thousand browsers, so that the server does not grow", () => {
    const faults = new Faults(new Nodes(server().io, false));
    for (let n = 0; n <= 1_000; n++) faults.goOffline(`family ${n}`, 30_000);
    expect(faults.isOffline("family 0")).toBe(false);
    expect(faults.isOffline("family 1")).toBe(true);
    expect(faults.isOffline("family 1000")).toBe(true);
  });
});
