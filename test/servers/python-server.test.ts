import { io as connect, type Socket } from "socket.io-client";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { findPython, startPythonServer } from "./python.ts";
import { issue, signedIn } from "./user.ts";

let server: Awaited<ReturnType<typeof startPythonServer>>;

beforeAll(async () => {
  server = await startPythonServer(findPython());
});
afterAll(() => server.stop());

function plain(token: unknown): Socket {
  const socket = connect(server.url, {
    ...{ forceNew: true, reconnection: false, transports: ["websocket"] },
    auth: { token },
  });
  onTestFinished(() => void socket.disconnect());
  return socket;
}

const next = (socket: Socket, event: string) =>
  new Promise<unknown[]>((resolve) => socket.once(event, (...args: unknown[]) => resolve(args)));

describe("demo/python", () => {
  it.each([
    ["nothing", async () => undefined, "token_missing"],
    ["garbage", async () => "garbage", "token_invalid"],
    ["an expired one", () => issue({ lifetime: -2_000 }), "token_expired"],
    ["too long a one", async () => "x".repeat(16_385), "token_invalid"],
    ["a list", async () => ["x"], "token_invalid"],
  ])("refuses %s for a token by code", async (_name, make, code) => {
    const [error] = await next(plain(await make()), "connect_error");
    expect(Object(error).data).toEqual({ code });
  });

  it("says hello after CONNECT and before anything else, and answers renewals, bad ones too", async () => {
    const socket = plain(await issue());
    const events: string[] = [];
    socket.onAny((event) => events.push(event));
    const hello = next(socket, "auth:session");
    await next(socket, "connect");
    expect(Object((await hello)[0]).expiresIn).toBeGreaterThan(3_500_000);
    expect(events).toEqual(["auth:session"]);
    const answers = await Promise.all([
      socket.emitWithAck("auth:renew", { token: await issue({ lifetime: 60_000 }) }),
      socket.emitWithAck("auth:renew", { token: "garbage" }),
      socket.emitWithAck("auth:renew", { token: await issue({ subject: "bob" }) }),
      socket.emitWithAck("auth:renew", null),
      socket.emitWithAck("auth:renew"),
    ]);
    expect(answers.map(({ code, expiresIn }) => code ?? expiresIn > 50_000)).toEqual([
      ...[true, "token_invalid", "token_invalid", "token_missing", "token_missing"],
    ]);
  });

  it("gives notice in the last tenth, and cuts at the expiry, not before", async () => {
    const expiresAt = Date.now() + 3_000;
    const socket = plain(await issue({ lifetime: 3_000 }));
    const cut = next(socket, "disconnect");
    await next(socket, "auth:session");
    const [notice] = await next(socket, "auth:expiring");
    expect(Object(notice).expiresIn).toBeLessThanOrEqual(300);
    expect((await cut)[0]).toBe("io server disconnect");
    expect(Date.now()).toBeGreaterThanOrEqual(expiresAt);
  });

  it("keeps AuthSocket connected on one connection while its tokens come and go", async () => {
    const { auth, refreshes } = await signedIn(server.url, { lifetime: 2_000 });
    await auth.whenConnected();
    const gone = vi.fn();
    auth.socket.on("disconnect", gone);
    await vi.waitFor(() => expect(refreshes.length).toBeGreaterThanOrEqual(3), { timeout: 15_000 });
    expect(await auth.socket.emitWithAck("message", "hello")).toBe("sent");
    expect(gone).not.toHaveBeenCalled();
  });

  it("ends a user's connections, and AuthSocket stays away", async () => {
    const token = { subject: "carol" };
    const sockets = await Promise.all([signedIn(server.url, token), signedIn(server.url, token)]);
    await Promise.all(sockets.map(({ auth }) => auth.whenConnected()));
    sockets[0].auth.socket.emit("sign-out-everywhere");
    await vi.waitFor(() => {
      for (const { auth } of sockets) {
        expect(auth.state).toMatchObject({ status: "refused", error: { code: "revoked" } });
      }
    });
  });

  it("lets AuthSocket in with a fresh token after a bad one", async () => {
    const { auth, refreshes } = await signedIn(server.url, {}, "garbage");
    await auth.whenConnected();
    expect(refreshes).toHaveLength(1);
  });
});
