import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { unsignedJwt } from "../support/unsigned-jwt.ts";

const HOUR = 3_600_000;

/** A request of the app's own that reached the API. */
export interface Order {
  /** whose token it carried */
  readonly user: string | undefined;
  readonly body: string;
  status: number;
}

/** A site with an HTTP API that wants Bearer tokens, and no sockets. The refresh cookie names the user. */
export class RecipeSite {
  readonly orders: Order[] = [];
  refreshes = 0;
  /** Held back before it is answered. */
  answering: () => Promise<void> | void = () => {};
  readonly #users = new Map<string, string>();
  readonly #http = createServer((request, response) => void this.#serve(request, response));

  static async start(): Promise<RecipeSite> {
    const site = new RecipeSite();
    site.#http.listen(0, "127.0.0.1");
    await once(site.#http, "listening");
    return site;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Refuses every token that was issued until now. */
  revokeTokens(): void {
    this.#users.clear();
  }

  async close(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, "close");
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", this.url);
    if (pathname === "/api/login") this.#grant(searchParams.get("user") ?? "", response);
    else if (pathname === "/api/refresh-token") {
      this.refreshes++;
      this.#grant(/user=(\w+)/.exec(request.headers.cookie ?? "")?.[1] ?? "", response);
    } else if (pathname === "/api/orders") await this.#order(request, response);
    else response.setHeader("Content-Type", "text/html").end("<title>shop</title>");
  }

  #grant(user: string, response: ServerResponse): void {
    const iat = Date.now();
    const token = unsignedJwt({ sub: user, iat: iat / 1000, exp: (iat + HOUR) / 1000, jti: randomUUID() });
    this.#users.set(token, user);
    response.setHeader("Set-Cookie", `user=${user}; HttpOnly; SameSite=Strict; Path=/`);
    answer(response, 200, { token, expiresIn: HOUR / 1000 });
  }

  async #order(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of request) body += chunk;
    const user = this.#users.get(request.headers.authorization?.replace("Bearer ", "") ?? "");
    const status = user === undefined ? 401 : 200;
    this.orders.push({ user, body, status });
    await this.answering();
    answer(response, status, { user, body });
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}
