import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/**
 * A TCP proxy that makes a near server far. What passes keeps its order and is neither cut nor joined; a connection's first
 * bytes also wait for the round trip that TCP itself needs to open one.
 */
export class DelayProxy {
  /** For each connection, how often what comes through has changed its direction: two make a round trip. */
  readonly turns: number[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * Listens on a free port of 127.0.0.1.
   *
   * @param target the port of the server, on 127.0.0.1
   * @param delay ms each way
   */
  static async listen(target: number, delay: number): Promise<DelayProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const proxy = new DelayProxy(server);
    server.on("connection", (client) => {
      const upstream = connect({ port: target, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
      for (const socket of [client, upstream]) {
        proxy.#sockets.add(socket);
        socket.once("close", () => proxy.#sockets.delete(socket));
        // An end that breaks off takes the other along, as a cable does.
        socket.once("error", () => {
          client.destroy();
          upstream.destroy();
        });
      }
      const number = proxy.turns.push(0) - 1;
      let last: Socket | undefined;
      for (const source of [client, upstream]) {
        source.on("data", () => {
          if (source !== last) proxy.turns[number] = (proxy.turns[number] ?? 0) + 1;
          last = source;
        });
      }
      pipe(client, upstream, delay, performance.now() + 2 * delay);
      pipe(upstream, client, delay, 0);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** @param open the instant before which nothing leaves the source, on the clock of `performance.now()` */
function pipe(source: Socket, sink: Socket, delay: number, open: number): void {
  const line: { due: number; arrive: () => void }[] = [];
  let isTimed = false;

  function arrivals(): void {
    isTimed = false;
    // A timer may be a fraction of a millisecond early.
    const now = performance.now() + 0.5;
    while (line[0] && line[0].due <= now) line.shift()?.arrive();
    if (line[0]) wake(line[0].due - now);
  }

  function wake(ms: number): void {
    isTimed = true;
    setTimeout(arrivals, ms);
  }

  function send(arrive: () => void): void {
    const due = Math.max(performance.now(), open) + delay;
    line.push({ due, arrive });
    if (!isTimed) wake(due - performance.now());
  }

  source.on("data", (chunk) => send(() => sink.writable && sink.write(chunk)));
  source.on("end", () => send(() => sink.end()));
  source.on("close", (broken) => broken && send(() => sink.destroy()));
}
