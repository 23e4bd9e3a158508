import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Server } from "socket.io";
import { AuthError, authenticate } from "../../src/server/index.ts";
import { IdentityProvider } from "../support/identity-provider.ts";
import { unsignedJwt } from "../support/unsigned-jwt.ts";
import { SmallGoTrue } from "./identity/small-gotrue.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** The pages that there are, by the SDK that they use. */
export type IdentityPage = "fake" | "oidc" | "auth0" | "supabase";

/** A page's script with all that it imports, the built package among it. */
async function bundle(page: IdentityPage): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}test/e2e/identity/${page}-page.ts`],
    alias: {
      authsocket: `${root}dist/authsocket.js`,
      "authsocket/sources": `${root}dist/sources.js`,
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** A site whose users are signed in by the SDK of an identity provider. It remembers what happened. */
export class IdentitySite {
  /** How often the fake SDK fetched a token: for a sign-in, of its own accord, and because it was forced to. */
  readonly fetched = { login: 0, own: 0, forced: 0 };
  /** ms for which the fake SDK's tokens live. */
  lifetime = 60_000;
  /** The users of all connections, in the order of connecting. */
  readonly connected: string[] = [];
  /** Whether the fake SDK keeps its news from other tabs. */
  isSilent = false;
  /** What has reached the server that only Alice may send. */
  readonly secrets: string[] = [];
  readonly gotrue = new SmallGoTrue();
  readonly provider: IdentityProvider;
  readonly #io: Server;
  readonly #http;
  readonly #scripts = new Map<IdentityPage, Promise<string>>();
  readonly #refused = new Set<string>();
  #last = "";
  #subject = "";

  private constructor(http: ReturnType<typeof createServer>, provider: IdentityProvider) {
    this.#http = http;
    this.provider = provider;
    this.#io = new Server(http, { serveClient: false, connectionStateRecovery: {} });
    http.on("request", (request, response) => void this.#serve(request, response));
    authenticate(this.#io, { verify: (token) => this.#verify(token) });
    this.#io.on("connection", (socket) => {
      this.connected.push(socket.data.auth.subject);
      socket.on("echo", (answer) => answer());
      socket.on("secret of alice", () => this.secrets.push(socket.data.auth.subject));
    });
  }

  static async start(): Promise<IdentitySite> {
    const http = createServer();
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const url = urlOf(http);
    const provider = await IdentityProvider.start({
      pages: (issuer) => (["oidc", "auth0"] as const).map((page) => `${url}${pathOf(page, issuer)}`),
    });
    return new IdentitySite(http, provider);
  }

  /** Where a page is. The pages of a real provider have its address in theirs. */
  page(name: IdentityPage): string {
    const search = name === "fake" && this.isSilent ? "?silent" : "";
    return `${urlOf(this.#http)}${pathOf(name, this.provider.issuer)}${search}`;
  }

  /** Uses a refresh token of a page, as a thief would. */
  async steal(page: IdentityPage, refreshToken: string): Promise<number> {
    if (page === "supabase") return this.gotrue.steal(refreshToken);
    return (await this.provider.refresh(refreshToken)).status;
  }

  async close(): Promise<void> {
    const closed = this.#io.close();
    this.#http.closeAllConnections();
    await Promise.all([closed, this.provider.close()]);
  }

  /** Refuses every token that there is by now, whoever has it, and ends all transports. */
  refuseTokens(): void {
    this.#refused.add(this.#last);
    for (const socket of this.#io.of("/").sockets.values()) socket.conn.close();
  }

  async #verify(token: string) {
    if (this.#refused.has(token)) throw new AuthError("token_invalid");
    const [, payload = ""] = token.split(".");
    const { iss, sub, exp } = JSON.parse(Buffer.from(payload, "base64url").toString());
    if (iss !== undefined) return this.provider.verify(token);
    if (exp * 1000 <= Date.now()) throw new AuthError("token_expired");
    return { subject: sub, expiresAt: exp * 1000, claims: {} };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? "/", urlOf(this.#http));
    const [, first = "", second = ""] = pathname.split("/");
    if (pathname.startsWith("/socket.io/") || this.gotrue.handle(request, response)) return;
    if (first === "sdk") this.#issue(second, searchParams, response);
    else if (first === "script") {
      const page = second as IdentityPage;
      const script = this.#scripts.get(page) ?? bundle(page);
      this.#scripts.set(page, script);
      response.setHeader("Content-Type", "text/javascript").end(await script);
    } else {
      response
        .setHeader("Content-Type", "text/html")
        .end(`<!doctype html><meta charset="utf-8"><title>${first}</title>
          <script type="module" src="/script/${first}"></script>`);
    }
  }

  #issue(kind: string, search: URLSearchParams, response: ServerResponse): void {
    if (kind === "login") this.#subject = search.get("user") ?? "";
    this.fetched[kind === "login" ? "login" : search.get("why") === "forced" ? "forced" : "own"]++;
    const iat = Date.now();
    const times = { iat: iat / 1000, exp: (iat + this.lifetime) / 1000 };
    this.#last = unsignedJwt({ sub: this.#subject, ...times, jti: randomUUID() });
    response.end(this.#last);
  }
}

function urlOf(http: ReturnType<typeof createServer>): string {
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
}

function pathOf(page: IdentityPage, issuer: string): string {
  const isReal = page === "oidc" || page === "auth0";
  return isReal ? `/${page}/${encodeURIComponent(`chat@${issuer}`)}` : `/${page}`;
}
