import "reflect-metadata";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type ExecutionContext, Module, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { IoAdapter } from "@nestjs/platform-socket.io";
import { MessageBody, SubscribeMessage, WebSocketGateway, WsException } from "@nestjs/websockets";
import { AuthSession, AuthSocket, memoryStore } from "authsocket";
import type { Socket } from "socket.io";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { disposed } from "../support/disposal.ts";
import { Happenings } from "../support/happenings.ts";
import { recordStatuses, until } from "../support/states.ts";

/** Which tokens the gateway takes. */
let isGood = (_token: unknown): boolean => true;

const tokenOf = (socket: Socket): unknown => socket.handshake.auth.token;

/** A server of NestJS's own packages, with one gateway. */
async function start(Gateway: new () => object): Promise<string> {
  // By calls, as the compiler makes them of decorators.
  WebSocketGateway()(Gateway);
  class App {}
  Module({ providers: [Gateway] })(App);
  const app = await NestFactory.create(App, { logger: false });
  app.useWebSocketAdapter(new IoAdapter(app));
  await app.listen(0, "127.0.0.1");
  const server: Server = app.getHttpServer();
  onTestFinished(async () => {
    server.closeAllConnections();
    await app.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function decorate(Gateway: new () => object, method: string, ...decorators: MethodDecorator[]): void {
  const { prototype } = Gateway;
  const descriptor = Object.getOwnPropertyDescriptor(prototype, method) ?? {};
  for (const decorator of decorators) decorator(prototype, method, descriptor);
  Object.defineProperty(prototype, method, descriptor);
}

function visitor(url: string) {
  const token = issueToken();
  const refresh = vi.fn(async () => issueToken());
  const session = disposed(new AuthSession({ refresh, store: memoryStore({ accessToken: token }) }));
  const refusalEvents = { exception: (error: unknown) => Object(error).status === 401 };
  const auth = disposed(new AuthSocket(url, { session, refusalEvents }));
  return { token, refresh, session, auth };
}

describe("a NestJS gateway that verifies in handleConnection, and disconnects", () => {
  class LateGateway {
    async handleConnection(socket: Socket): Promise<void> {
      // Others are asked: the client is connected by now.
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (!isGood(tokenOf(socket))) socket.disconnect();
      else socket.emit("welcome");
    }
  }

  it("B14 a token that it does not take: connected again after one refresh, and signed in all the time", async () => {
    const url = await start(LateGateway);
    const { token, refresh, session, auth } = visitor(url);
    isGood = (sent) => sent !== token;
    const statuses = recordStatuses(session);
    await new Promise((resolve) => auth.socket.once("welcome", resolve));
    expect(auth.state.status).toBe("connected");
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(refresh).toHaveBeenCalledWith(expect.objectContaining({ reason: "rejected", token }));
    expect(statuses).not.toContain("signedOut");
  });

  it("B14 T13 a user whom it never takes: one refresh, then kicked, and signed in all the time", async () => {
    const url = await start(LateGateway);
    isGood = () => false;
    const { refresh, session, auth } = visitor(url);
    const { error } = await until(auth, ({ status }) => status === "refused");
    expect(error?.code).toBe("kicked");
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(session.state.status).toBe("signedIn");
  });
});

describe("a NestJS guard that verifies the handshake's token at each message, and throws", () => {
  const happenings = new Happenings();
  let seen: [text: unknown, isTaken: boolean][] = [];

  class TokenGuard {
    canActivate(context: ExecutionContext): boolean {
      const socket = context.switchToWs().getClient<Socket>();
      if (isGood(tokenOf(socket))) return true;
      seen.push([context.switchToWs().getData(), false]);
      happenings.happened();
      throw new WsException({ status: 401, message: "Unauthorized" });
    }
  }

  class GuardedGateway {
    say(text: unknown): unknown {
      seen.push([text, true]);
      happenings.happened();
      return text;
    }
  }
  MessageBody()(GuardedGateway.prototype, "say", 0);
  decorate(GuardedGateway, "say", SubscribeMessage("say"), UseGuards(TokenGuard));

  it("B26 refuses what is on its way, and nothing more: one refresh, one new connection", async () => {
    const url = await start(GuardedGateway);
    seen = [];
    isGood = () => true;
    const { token, refresh, session, auth } = visitor(url);
    await auth.whenConnected();
    const { id } = auth.socket;
    expect(await auth.socket.emitWithAck("say", 0)).toBe(0);
    isGood = (sent) => sent !== token;
    const refused = new Promise((resolve) => auth.socket.once("exception", resolve));
    for (let count = 1; count <= 10; count++) auth.socket.emit("say", count);
    await refused;
    for (let count = 11; count <= 20; count++) auth.socket.emit("say", count);
    await happenings.until(() => seen.length === 21);
    expect(seen.filter(([, isTaken]) => !isTaken).map(([text]) => text)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ]);
    expect(seen.slice(-10).map(([text]) => text)).toEqual([11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
    expect(auth.socket.id).not.toBe(id);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(session.state.status).toBe("signedIn");
  });

  it("B26 B27 refuses the fresh token likewise: the state says so, and nothing more changes", async () => {
    const url = await start(GuardedGateway);
    seen = [];
    isGood = () => false;
    const { refresh, session, auth } = visitor(url);
    await auth.whenConnected();
    const { id } = auth.socket;
    auth.socket.emit("say", 1);
    await until(auth, (state) => state.status === "connected" && state.id !== id);
    auth.socket.emit("say", 2);
    const { error } = await until(auth, ({ error }) => error !== undefined);
    expect(error?.code).toBe("token_rejected");
    const { state } = auth;
    for (let count = 3; count <= 12; count++) {
      const answered = new Promise((resolve) => auth.socket.once("exception", resolve));
      auth.socket.emit("say", count);
      await answered;
    }
    expect(auth.state).toBe(state);
    expect(refresh).toHaveBeenCalledTimes(1);
    expect(session.state.status).toBe("signedIn");
    expect(seen).toHaveLength(12);
  });
});
