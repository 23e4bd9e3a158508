import type { Request } from "express";
import { Store as ExpressSessionStore, type Session, type SessionData } from "express-session";
import type { Store } from "../stores/store.ts";

type Callback = (error?: unknown) => void;

/** Keeps express-session's sessions in this server's store. It has no `touch`: reading a session does not prolong it. */
export class SessionStore extends ExpressSessionStore {
  readonly #store: Store;
  /** The sessions of requests that were read from the store. The others are new. */
  readonly #read = new WeakSet<object>();

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.find(id).then((session) => callback(null, session), callback);
  }

  override createSession(request: Request, data: SessionData): Session & SessionData {
    const session = super.createSession(request, data);
    this.#read.add(session);
    return session;
  }

  override set(id: string, session: SessionData, callback?: Callback): void {
    const isNew = !this.#read.has(session);
    this.change(id, (current) => (current || isNew ? session : undefined)).then(() => callback?.(), callback);
  }

  override destroy(id: string, callback?: Callback): void {
    this.#store.delete(key(id)).then(() => callback?.(), callback);
  }

  async find(id: string): Promise<SessionData | undefined> {
    return this.#store.get<SessionData>(key(id));
  }

  /** Changes a session in one step, and answers the result. A session that has ended stays ended. */
  change(
    id: string,
    change: (session: SessionData | undefined) => SessionData | undefined,
  ): Promise<SessionData | undefined> {
    return this.#store.update<SessionData, SessionData | undefined>(key(id), (current) => {
      const result = change(current);
      return result ? { result, next: { value: result, lifetime: remaining(result) } } : { result };
    });
  }
}

/** When a session ends, in ms since the epoch. In the store, the instant is a text. */
export function expiryOf({ cookie }: SessionData): number {
  return new Date(cookie.expires ?? 0).getTime();
}

const remaining = (session: SessionData): number => expiryOf(session) - Date.now();

const key = (id: string): string => `session:${id}`;
