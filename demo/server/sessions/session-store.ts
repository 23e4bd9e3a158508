import { Store as ExpressSessionStore, type SessionData } from "express-session";
import type { Store } from "../stores/store.ts";

type Callback = (error?: unknown) => void;

/** express-session's sessions in this server's store. Without `touch`: a session that is only looked at lives no longer. */
export class SessionStore extends ExpressSessionStore {
  readonly #store: Store;

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override get(id: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    this.find(id).then((session) => callback(null, session), callback);
  }

  override set(id: string, session: SessionData, callback?: Callback): void {
    this.change(id, () => session).then(() => callback?.(), callback);
  }

  override destroy(id: string, callback?: Callback): void {
    this.#store.delete(key(id)).then(() => callback?.(), callback);
  }

  async find(id: string): Promise<SessionData | undefined> {
    return this.#store.get<SessionData>(key(id));
  }

  /** Changes a session in one step, whoever else is at it. What it is from then on; one that is over stays so. */
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

/** When a session ends, in ms since the epoch. Stored, the instant is text. */
export function expiryOf({ cookie }: SessionData): number {
  return new Date(cookie.expires ?? 0).getTime();
}

const remaining = (session: SessionData): number => expiryOf(session) - Date.now();

const key = (id: string): string => `session:${id}`;
