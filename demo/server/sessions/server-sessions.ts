import type { RequestHandler } from "express";
import session, { type Session, type SessionData } from "express-session";
import type { Profile } from "../../socket-events.ts";
import { cookieScheme } from "../guards/cookie.ts";
import type { Store } from "../stores/store.ts";
import { expiryOf, SessionStore } from "./session-store.ts";

/** What the server knows about a browser while its session lasts. */
export interface Visitor {
  profile: Profile;
  /** The sign-in that started the session. The session ends with it. */
  familyId: string;
  /** ms since the epoch */
  startedAt: number;
  /** ms since the epoch */
  renewedAt: number;
  /** How many sockets were opened in this session. */
  visits: number;
}

declare module "express-session" {
  interface SessionData {
    visitor: Visitor;
  }
}

// Socket.IO's requests have these properties too, once the engine uses the middleware.
declare module "node:http" {
  interface IncomingMessage {
    sessionID: string;
    session: Session & Partial<SessionData>;
  }
}

/** Sessions by express-session, shared by Express and Socket.IO's engine. */
export class ServerSessions {
  readonly cookieName: string;
  readonly middleware: RequestHandler;
  readonly #store: SessionStore;

  /** @param options.lifetime ms, counted from the start or the latest renewal */
  constructor(store: Store, options: { secure: boolean; secret: string; lifetime: number }) {
    const { secure, secret, lifetime } = options;
    if (!Number.isFinite(lifetime) || lifetime <= 0)
      throw new TypeError('"sessionLifetime" must be a positive number of milliseconds');
    const { name, attributes } = cookieScheme("authsocket_session", secure);
    this.cookieName = name;
    this.#store = new SessionStore(store);
    this.middleware = session({
      name,
      secret,
      store: this.#store,
      cookie: { ...attributes, maxAge: lifetime },
      // With https there is a proxy in front, and its header says that the request was secure.
      proxy: secure,
      resave: false,
      rolling: false,
      // No cookie before a sign-in.
      saveUninitialized: false,
    });
  }

  /** The visitor of a session, and when it ends. Read from the store. */
  async find(id: string): Promise<{ visitor: Visitor; expiresAt: number } | undefined> {
    return visitIn(await this.#store.find(id));
  }

  /** The same, after counting one more socket. */
  async visit(id: string): Promise<{ visitor: Visitor; expiresAt: number } | undefined> {
    return visitIn(
      await this.#store.change(id, (current) => {
        const visitor = current?.visitor;
        return current && visitor && { ...current, visitor: { ...visitor, visits: visitor.visits + 1 } };
      }),
    );
  }
}

function visitIn(data: SessionData | undefined): { visitor: Visitor; expiresAt: number } | undefined {
  return data?.visitor && { visitor: data.visitor, expiresAt: expiryOf(data) };
}
