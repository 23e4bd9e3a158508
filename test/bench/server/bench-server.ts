import { once } from "node:events";
import { createServer, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server as NetServer } from "node:net";
import { generate } from "selfsigned";
import { Server } from "socket.io";
import { DelayProxy } from "../../support/delay-proxy.ts";
import { Logins } from "./logins.ts";
import { protect, type ServerKind } from "./protection.ts";
import { Traffic } from "./traffic.ts";
import { heapInUse, Usage } from "./usage.ts";

/** The main namespace and eight more. */
const NAMESPACES = ["/", ...Array.from({ length: 8 }, (_, index) => `/n${index + 1}`)];

/** ms each way */
const DELAY = 25;

/** ms for clients to be gone */
const PATIENCE = 10_000;

/** With an icon, since browsers would ask for one, and that request would be counted. */
const PAGE = '<!doctype html><link rel="icon" href="data:," />';

export interface SecureDoor {
  url: string;
  /** self-signed: a client has to be told to trust it */
  certificate: string;
}

/** A Socket.IO server with users, behind a proxy that delays everything. */
export class BenchServer {
  /** behind the proxy */
  readonly url: string;
  /** past the proxy, for figures that are not times */
  readonly directUrl: string;
  readonly logins = new Logins();
  readonly traffic = new Traffic();
  readonly io: Server;
  /** HTTP requests and WebSockets, the page excepted. */
  requests = 0;
  readonly #http: HttpServer;
  readonly #usage = new Usage();

  private constructor(http: HttpServer, proxy: DelayProxy, kind: ServerKind) {
    this.#http = http;
    this.#usage.watch(http);
    this.url = `http://127.0.0.1:${proxy.port}`;
    this.directUrl = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    // The connection is closed: the client asks rarely, and would find a kept one closed by the server's timeout.
    const tell = (response: ServerResponse, figures: unknown) =>
      response.writeHead(200, { Connection: "close" }).end(JSON.stringify(figures));
    http.on("request", (request, response) => {
      if (request.url === "/")
        response.writeHead(200, { "Content-Type": "text/html", Connection: "close" }).end(PAGE);
      else if (request.url === "/usage") tell(response, this.#usage.soFar());
      else if (request.url === "/heap") tell(response, heapInUse());
      else this.logins.handle(request, response);
    });
    const connectionStateRecovery = kind === "tutorial" ? {} : { connectionStateRecovery: {} };
    this.io = new Server(http, { serveClient: false, ...connectionStateRecovery });
    for (const name of NAMESPACES) {
      const namespace = this.io.of(name);
      protect(namespace, kind);
      this.traffic.serve(namespace);
    }
    for (const event of ["request", "upgrade"]) {
      http.prependListener(event, ({ url }) => {
        if (url !== "/") this.requests++;
      });
    }
  }

  static async listen(kind: ServerKind): Promise<BenchServer> {
    const http = createServer();
    return new BenchServer(http, await DelayProxy.listen(await listen(http), DELAY), kind);
  }

  /** Opens a second port, with TLS, to the same server. */
  async listenSecurely(): Promise<SecureDoor> {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      keyType: "ec",
    });
    const https = createSecureServer({ key, cert });
    this.#usage.watch(https);
    for (const event of ["request", "upgrade"])
      https.on(event, (...parameters) => this.#http.emit(event, ...parameters));
    return { url: `https://127.0.0.1:${await listen(https)}`, certificate: cert };
  }

  /**
   * Waits for the farewells of clients that are closing, whose requests would count for the next one. Then closes idle
   * connections, so that no client can reuse an earlier client's, and waits until the clients know.
   */
  async settle(): Promise<void> {
    for (const end = Date.now() + PATIENCE; this.io.engine.clientsCount > 0 && Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, DELAY));
    }
    this.#http.closeIdleConnections();
    await new Promise((resolve) => setTimeout(resolve, 2 * DELAY));
  }
}

/** @returns the port */
async function listen(server: NetServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
