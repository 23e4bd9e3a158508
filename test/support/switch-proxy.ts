import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";

/** An address in front of several servers, as a load balancer's: new connections go to the current one. */
export class SwitchProxy {
  readonly url: string;
  #target: string;
  readonly #close: () => void;

  private constructor(url: string, target: string, close: () => void) {
    this.url = url;
    this.#target = target;
    this.#close = close;
  }

  static async start(target: string): Promise<SwitchProxy> {
    const server = createServer((incoming) => {
      const { hostname, port } = new URL(proxy.#target);
      const outgoing = connect(Number(port), hostname);
      incoming.pipe(outgoing).pipe(incoming);
      for (const socket of [incoming, outgoing])
        socket
          .on("error", () => {})
          .on("close", () => {
            incoming.destroy();
            outgoing.destroy();
          });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const proxy = new SwitchProxy(`http://127.0.0.1:${port}`, target, () => server.close());
    return proxy;
  }

  /** Where new connections go; those that are open stay. */
  switchTo(target: string): void {
    this.#target = target;
  }

  close(): void {
    this.#close();
  }
}
