import type { Server } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { example } from "./example.ts";
import { cookieUser, SECRET, signedIn, urlOf } from "./user.ts";

// Read by the examples when they are imported.
Object.assign(process.env, { JWT_SECRET: SECRET, SESSION_SECRET: "another secret of the tests" });

interface Running {
  url: string;
  /** what a client's message is answered with */
  say(
    socket: { emitWithAck(event: string, ...args: unknown[]): Promise<unknown> },
    text: string,
  ): Promise<unknown>;
}

/** Each framework's example, started. */
const servers: Record<string, () => Promise<Running>> = {
  NestJS: async () => {
    const { start } = await example<{
      start(port: number): Promise<{ getHttpServer(): Server }>;
    }>("nest.ts");
    const server = (await start(0)).getHttpServer();
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { url: urlOf(server), say: (socket, text) => socket.emitWithAck("message", text) };
  },
  Fastify: async () => {
    const { start } = await example<{
      start(port: number): Promise<{ server: Server; close(): Promise<void> }>;
    }>("fastify.js");
    const app = await start(0);
    onTestFinished(() => app.close());
    return { url: urlOf(app.server), say: (socket, text) => socket.emitWithAck("message", text) };
  },
  Feathers: async () => {
    const { start } = await example<{ start(port: number): Promise<Server> }>("feathers.js");
    const server = await start(0);
    if (!server.listening) await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return {
      url: urlOf(server),
      say: (socket, text) =>
        new Promise((resolve) => {
          void (socket as { emit?(...args: unknown[]): void }).emit?.(
            "create",
            "messages",
            { text },
            (_error: unknown, message: { text: string }) => resolve(message?.text),
          );
        }),
    };
  },
};

describe.each(Object.keys(servers))("the example for %s", (name) => {
  const start = servers[name] as () => Promise<Running>;

  it("knows the user, whose connection outlives its tokens", async () => {
    const { url, say } = await start();
    const { auth, refreshes } = await signedIn(url, { lifetime: 2_000 });
    await auth.whenConnected();
    const gone = vi.fn();
    auth.socket.on("disconnect", gone);
    expect(await say(auth.socket, "hello")).toBe("alice: hello");
    await vi.waitFor(() => expect(refreshes.length).toBeGreaterThanOrEqual(3), { timeout: 15_000 });
    expect(await say(auth.socket, "still here")).toBe("alice: still here");
    expect(gone).not.toHaveBeenCalled();
  });

  it("refuses a bad token, which costs one refresh", async () => {
    const { url, say } = await start();
    const { auth, refreshes } = await signedIn(url, {}, "garbage");
    await auth.whenConnected();
    expect(refreshes).toHaveLength(1);
    expect(await say(auth.socket, "hello")).toBe("alice: hello");
  });
});

describe("the example for NestJS", () => {
  it("guards an event by the latest token's role", async () => {
    const { url } = await (servers.NestJS as () => Promise<Running>)();
    const user = await signedIn(url);
    const admin = await signedIn(url, { role: "admin" });
    await Promise.all([user, admin].map(({ auth }) => auth.whenConnected()));
    const refused = new Promise<{ message: string }>((resolve) => user.auth.socket.on("exception", resolve));
    user.auth.socket.emit("close");
    expect((await refused).message).toBe("Forbidden resource");
    expect(await admin.auth.socket.emitWithAck("close", null)).toBe("closed");
  });
});

describe("the example for Express with express-session", () => {
  it("knows who has the cookie, and refuses who has none until they sign in", async () => {
    const { start } = await example<{ start(port: number): Promise<Server> }>("express-session.js");
    const server = await start(0);
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = urlOf(server);
    const stranger = cookieUser(url, "");
    await expect(stranger.whenConnected()).rejects.toMatchObject({ code: "signed_out" });
    const login = (username: string, headers = {}) =>
      fetch(`${url}/api/login`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: JSON.stringify({ username }),
      });
    const answer = await login("alice");
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    const auth = cookieUser(url, cookie);
    await auth.whenConnected();
    expect(await auth.socket.emitWithAck("message", "hello")).toBe("alice: hello");
    const cut = new Promise((resolve) => auth.socket.once("disconnect", resolve));
    await login("bob", { cookie });
    await expect(auth.socket.emitWithAck("message", "as whom?")).rejects.toThrow();
    expect(await cut).toBe("io server disconnect");
  });
});
