import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { AuthSocket, memoryStore } from "authsocket";
import { SignJWT } from "jose";
import type { Server } from "socket.io";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { client, enter, next, refusal } from "../support/guarded-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const SECRET = "a secret of the tests, as long as HS256 likes it";

let sample: { io: Server; disconnectUser(subject: string, reason: string): void };
let url: string;

// Where imports of packages are found.
beforeAll(async () => {
  const paper = readFileSync(join(root, "PROTOCOL.md"), "utf8");
  const [, code = ""] = /^```ts\n(\/\/ protocol-server\.ts\n.*?)^```$/ms.exec(paper) ?? [];
  const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
  const file = join(mkdtempSync(join(root, "node_modules/.protocol-server-")), "server.mjs");
  writeFileSync(file, ts.transpileModule(code, { compilerOptions: options }).outputText);
  vi.stubEnv("JWT_SECRET", SECRET);
  vi.stubEnv("PORT", "0");
  sample = await import(/* @vite-ignore */ pathToFileURL(file).href);
  vi.unstubAllEnvs();
  const http = Object(sample.io).httpServer as HttpServer;
  if (!http.listening) await new Promise((resolve) => http.once("listening", resolve));
  url = `http://localhost:${(http.address() as AddressInfo).port}`;
});
afterAll(() => sample.io.close());

interface TokenOptions {
  subject?: string;
  /** ms */
  lifetime?: number;
  audience?: string;
  claims?: Record<string, unknown>;
}

const issue = ({
  subject = "alice",
  lifetime = 3_600_000,
  audience = "chat",
  claims = {},
}: TokenOptions = {}) =>
  new SignJWT({ exp: (Date.now() + lifetime) / 1_000, ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setIssuedAt()
    .setSubject(subject)
    .setIssuer("https://id.example.com")
    .setAudience(audience)
    .sign(new TextEncoder().encode(SECRET));

/** Resolves when the server has begun to verify the next client. */
function handshake(): Promise<void> {
  return new Promise((resolve) => {
    const main = sample.io.of("/");
    const { run } = Object(main);
    Object.assign(main, {
      run(...args: unknown[]) {
        Object.assign(main, { run });
        run.apply(main, args);
        resolve();
      },
    });
  });
}

describe("the server of PROTOCOL.md, as it stands there", () => {
  it.each([
    ["nothing", async () => undefined, "token_missing"],
    ["garbage", async () => "garbage", "token_invalid"],
    ["an expired one", () => issue({ lifetime: -1_000 }), "token_expired"],
    ["that of another audience", () => issue({ audience: "else" }), "token_invalid"],
    ["a number", async () => 42, "token_invalid"],
    ["16,385 characters", async () => "x".repeat(16_385), "token_invalid"],
  ])("section 2 with %s for a token it refuses by code", async (_name, make, code) => {
    expect((await refusal(client(url, { token: await make() }))).data).toEqual({ code });
  });

  it("section 1 takes a token of 16,384 characters", async () => {
    const short = await issue();
    const fill = Math.floor(((16_384 - short.length) * 3) / 4) - 20;
    const token = await issue({ claims: { fill: "x".repeat(fill) } });
    expect(token.length).toBeGreaterThan(16_300);
    expect(token.length).toBeLessThanOrEqual(16_384);
    await enter(client(url, { token }));
  });

  it("section 5 says hello first, and answers renewals in turn, bad ones and others' too", async () => {
    const socket = client(url, { token: await issue() });
    const events: string[] = [];
    socket.onAny((event) => events.push(event));
    await enter(socket);
    expect(events[0]).toBe("auth:session");
    const tokens = [await issue({ lifetime: 60_000 }), "garbage", await issue({ subject: "bob" })];
    const answers = await Promise.all([
      ...tokens.map((token) => socket.emitWithAck("auth:renew", { token })),
      socket.emitWithAck("auth:renew"),
      socket.emitWithAck("auth:renew", null),
    ]);
    expect(
      answers.map(({ code, expiresIn }) => code ?? (expiresIn > 50_000 ? "renewed" : expiresIn)),
    ).toEqual(["renewed", "token_invalid", "token_invalid", "token_missing", "token_missing"]);
  });

  it("section 5 gives notice in the last tenth, cuts at the expiry, and handles nothing after it", async () => {
    // Time stands still but for what the test adds.
    vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
    vi.setSystemTime(Math.ceil(Date.now() / 1_000) * 1_000);
    onTestFinished(() => void vi.useRealTimers());
    const token = await issue({ lifetime: 20_000 });
    const [silent, talkative] = [client(url, { token }), client(url, { token })];
    const notices = vi.fn();
    for (const socket of [silent, talkative]) {
      socket.on("auth:expiring", notices);
      await enter(socket);
    }
    /** By then, what the server has written has arrived. */
    const settled = () =>
      Promise.all([silent, talkative].map((socket) => socket.emitWithAck("auth:renew", {})));
    vi.advanceTimersByTime(17_750);
    await settled();
    expect(notices).not.toHaveBeenCalled();

    vi.advanceTimersByTime(500);
    await settled();
    expect(notices.mock.calls).toEqual([[{ expiresIn: 2_000 }], [{ expiresIn: 2_000 }]]);

    vi.advanceTimersByTime(1_500);
    await settled();
    expect(notices).toHaveBeenCalledTimes(2);
    vi.setSystemTime(Date.now() + 250);
    const answered = vi.fn();
    const [cut, cutSilent] = [next(talkative, "disconnect"), next(silent, "disconnect")];
    talkative.emit("auth:renew", { token: await issue() }, answered);
    expect((await cut)[0]).toBe("io server disconnect");
    expect(answered).not.toHaveBeenCalled();
    expect(silent.connected).toBe(true);

    vi.advanceTimersByTime(250);
    expect((await cutSilent)[0]).toBe("io server disconnect");
  });

  it("section 4 ends a user's connections, and a handshake that is under way", async () => {
    const socket = client(url, { token: await issue() });
    await enter(socket);
    const told = next(socket, "auth:revoked");
    const cut = next(socket, "disconnect");
    sample.disconnectUser("alice", "gone");
    expect(await told).toEqual([{ reason: "gone" }]);
    await cut;

    const held = handshake();
    const late = client(url, { token: await issue() });
    const ended = Promise.all([next(late, "auth:revoked"), next(late, "disconnect")]);
    late.connect();
    await held;
    sample.disconnectUser("alice", "gone");
    await ended;
  });

  it("section 4 ends a handshake that is under way, where the minute of an earlier call ends meanwhile", async () => {
    const later = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => later.mockRestore());
    sample.disconnectUser("carol", "gone");
    const forget = later.mock.calls.find(([, ms]) => ms === 60_000)?.[0] as () => void;
    const held = handshake();
    const late = client(url, { token: await issue({ subject: "carol" }) });
    const ended = Promise.all([next(late, "auth:revoked"), next(late, "disconnect")]);
    late.connect();
    await held;
    sample.disconnectUser("carol", "gone");
    forget();
    await ended;
  });

  it("keeps AuthSocket connected over three tokens' lives, on one connection", async () => {
    let refreshes = 0;
    const next = async () => ({
      accessToken: await issue({ lifetime: 2_000 }),
      refreshToken: `r${++refreshes}`,
    });
    const auth = new AuthSocket(url, {
      refresh: next,
      store: memoryStore(await next()),
      allowInsecure: true,
    });
    onTestFinished(() => auth.dispose());
    await auth.whenConnected();
    const ids = new Set<string>();
    auth.subscribe((state) => state.status === "connected" && ids.add(state.id));
    const { socket } = auth;
    const gone = vi.fn();
    socket.on("disconnect", gone);
    await vi.waitFor(() => expect(refreshes).toBeGreaterThanOrEqual(5), { timeout: 12_000, interval: 100 });
    expect(gone).not.toHaveBeenCalled();
  });
});
