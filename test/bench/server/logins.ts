import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { issueToken, makeToken } from "./tokens.ts";

/** How a user's tokens are. Durations in ms. */
export interface LoginOptions {
  /** how long the first token is still valid; negative for an expired one */
  first: number;
  /** how long before `open()` the first token was issued; `first` then counts from `open()`. default: it is issued at the login */
  age?: number;
  /** lifetime of every token after it. default an hour */
  later?: number;
  /** whether a refresh token can be used only once. default false */
  rotation?: boolean;
}

/** One signed-in user, and what the server has seen of them. */
export interface Login extends Required<Omit<LoginOptions, "first" | "age">> {
  firstToken(): string;
  /** the value of the HttpOnly cookie that a refresh wants */
  cookie: string;
  /** Tokens that a refresh has given: GET /me/:user accepts no other. */
  fresh: Set<string>;
  /** When tokens were refreshed: ms since the epoch. */
  refreshes: number[];
  /** Refreshes that were refused, for a cookie that had been used. */
  refused: number;
}

/**
 * The HTTP side of a server: POST /login/:user and POST /refresh/:user answer `{ token, accessToken }`, and GET /me/:user
 * accepts what a refresh has given. The name stands in the
 * path, so that a process can be many browsers: a cookie belongs to a path.
 */
export class Logins {
  readonly #logins = new Map<string, Login>();

  open(users: string[], { first, age, later = 3_600_000, rotation = false }: LoginOptions): void {
    const now = Date.now();
    for (const user of users) {
      const firstToken = () =>
        age === undefined ? issueToken(user, first) : makeToken(user, now - age, now + first);
      const login = {
        firstToken,
        later,
        rotation,
        cookie: randomUUID(),
        fresh: new Set<string>(),
        refreshes: [],
        refused: 0,
      };
      this.#logins.set(user, login);
    }
  }

  get(user: string): Login {
    const login = this.#logins.get(user);
    if (!login) throw new Error(`nobody is called ${user}`);
    return login;
  }

  /** Answers a request, if it is one of these. */
  handle({ method, url = "", headers }: IncomingMessage, response: ServerResponse): boolean {
    const [, me] = /^\/me\/([\w-]+)$/.exec(url) ?? [];
    if (method === "GET" && me !== undefined) {
      const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
      response.writeHead(this.get(me).fresh.has(token) ? 200 : 401).end();
      return true;
    }
    const [, action, user = ""] = /^\/(login|refresh)\/([\w-]+)$/.exec(url) ?? [];
    if (method !== "POST" || action === undefined) return false;
    const login = this.get(user);
    // In real life the login was long ago, and its connection is closed: the refresh has to open a new one.
    if (action === "login") response.setHeader("Connection", "close");
    if (action === "refresh") {
      if (headers.cookie !== `refresh=${login.cookie}`) {
        login.refused++;
        response.writeHead(401).end();
        return true;
      }
      login.refreshes.push(Date.now());
      if (login.rotation) login.cookie = randomUUID();
    }
    const token = action === "login" ? login.firstToken() : issueToken(user, login.later);
    if (action === "refresh") login.fresh.add(token);
    response.setHeader(
      "Set-Cookie",
      `refresh=${login.cookie}; HttpOnly; SameSite=Strict; Path=/refresh/${user}`,
    );
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify({ token, accessToken: token }));
    return true;
  }
}
