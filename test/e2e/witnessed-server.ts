import type { IncomingMessage, ServerResponse } from "node:http";
import { createDemoServer, type DemoServer, type DemoServerOptions } from "../../demo/server/index.ts";

/** What a test may ask the server's memory about, in the order in which the server met it. */
export type Happening =
  | { readonly kind: "connected" | "chat"; readonly user: string }
  | { readonly kind: "disconnected"; readonly user: string; readonly reason: string }
  | { readonly kind: "refused"; readonly code: string }
  | Refresh;

/** One request to the refresh endpoint. `status` is undefined until it is answered. */
interface Refresh {
  readonly kind: "refresh";
  status?: number;
}

/** The demo server with a memory: what a page claims is checked against what the server has seen and sent. */
export class WitnessedServer {
  readonly url: string;
  readonly history: readonly Happening[];
  /** Each raw Socket.IO packet that has arrived, the CONNECT packets with their tokens included. */
  readonly packets: string[] = [];
  /** The chat lines that were sent round, once for each socket that was sent them. */
  readonly said: string[] = [];
  readonly #ticks = new Map<string, Set<number>>();
  readonly #demo: DemoServer;

  private constructor(demo: DemoServer, history: Happening[]) {
    this.#demo = demo;
    this.url = demo.url;
    this.history = history;
    // Before the app's own listener: a refresh is remembered even if it is never answered.
    demo.io.httpServer.prependListener("request", (request: IncomingMessage, response: ServerResponse) => {
      if (request.url !== "/api/refresh-token") return;
      const refresh: Refresh = { kind: "refresh" };
      history.push(refresh);
      response.on("finish", () => {
        refresh.status = response.statusCode;
      });
    });
    // By packets: what is replayed in a recovery passes no listener. It is sent before the user is known as connected.
    const ticksOn = new WeakMap<object, Set<number>>();
    demo.io.engine.on("connection", (engine) => {
      ticksOn.set(engine, new Set());
      engine.on("data", (packet: unknown) => this.packets.push(String(packet)));
      engine.on("packetCreate", ({ data }: { data?: unknown }) => {
        const [, tick] = /^2\["tick",(\d+)/.exec(String(data)) ?? [];
        if (tick !== undefined) ticksOn.get(engine)?.add(Number(tick));
      });
    });
    demo.io.on("connection", (socket) => {
      const user = socket.data.auth.claims.username;
      const ticks = this.ticksSentTo(user);
      for (const tick of ticksOn.get(socket.conn) ?? []) ticks.add(tick);
      ticksOn.set(socket.conn, ticks);
      history.push({ kind: "connected", user });
      socket.on("disconnect", (reason) => history.push({ kind: "disconnected", user, reason }));
      socket.on("chat", () => history.push({ kind: "chat", user }));
      socket.onAnyOutgoing((event, data) => {
        if (event === "chat") this.said.push(data.text);
      });
    });
  }

  static async start(options: DemoServerOptions = {}): Promise<WitnessedServer> {
    const history: Happening[] = [];
    const onRefused = (code: string) => history.push({ kind: "refused", code });
    return new WitnessedServer(await createDemoServer({ ...options, onRefused }), history);
  }

  /** The numbers of the ticks that were sent to a user, however often: a set that grows. */
  ticksSentTo(user: string): Set<number> {
    const ticks = this.#ticks.get(user) ?? new Set<number>();
    this.#ticks.set(user, ticks);
    return ticks;
  }

  /** The status of each refresh that was asked for, the oldest first. */
  get refreshes(): (number | undefined)[] {
    return this.history.flatMap((happening) => (happening.kind === "refresh" ? [happening.status] : []));
  }

  /** The codes with which handshakes were refused. */
  get refusals(): string[] {
    return this.history.flatMap((happening) => (happening.kind === "refused" ? [happening.code] : []));
  }

  /** How many connections there are now. */
  get connections(): number {
    return this.#demo.io.of("/").sockets.size;
  }

  /** Calls `listener` at each disconnect. */
  onDisconnect(listener: () => void): void {
    this.#demo.io.on("connection", (socket) => socket.on("disconnect", listener));
    for (const socket of this.#demo.io.of("/").sockets.values()) socket.on("disconnect", listener);
  }

  close(): Promise<void> {
    return this.#demo.close();
  }
}
