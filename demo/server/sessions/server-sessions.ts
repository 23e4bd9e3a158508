import type { RequestHandler } from "express";
import session, { type Session, type SessionData } from "express-session";
import type { Profile } from "../../socket-events.ts";
import { cookieScheme } from "../guards/cookie.ts";
import type { Store } from "../stores/store.ts";
import { expiryOf, SessionStore } from "./session-store.ts";

/** What the server remembers of a browser, for as long as its session lasts. */
export interface Visitor {
  profile: Profile;
  /** The sign-in that the session was started by: it ends with it. */
  familyId: string;
  /** ms since the epoch */
  startedAt: number;
  /** ms since the epoch */
  renewedAt: number;
  /** How many sockets have been opened in it. */
  visits: number;
}

declare module "express-session" {
  interface SessionData {
    visitor: Visitor;
  }
}

// Socket.IO's requests have it too, once the engine uses the middleware.
declare module "node:http" {
  interface IncomingMessage {
    sessionID: string;
    session: Session & Partial<SessionData>;
  }
}

/** Sessions of express-session, one for Express and for Socket.IO's engine alike. */
export class ServerSessions {
  readonly cookieName: string;
  readonly middleware: RequestHandler;
  readonly #store: SessionStore;

  /** @param options.lifetime ms, from the start or the latest renewal */
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
      // Behind https there is a proxy, which says so.
      proxy: secure,
      resave: false,
      rolling: false,
      // Who has not signed in gets no cookie.
      saveUninitialized: false,
    });
  }

  /** Whose session it is and until when, by now. */
  async find(id: string): Promise<{ visitor: Visitor; expiresAt: number } | undefined> {
    return visitIn(await this.#store.find(id));
  }

  /** The same, after having counted a socket. */
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
