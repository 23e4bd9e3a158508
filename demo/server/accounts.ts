import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";
import type { Role } from "../socket-events.ts";
import type { Store } from "./store.ts";

export interface User {
  id: string;
  username: string;
  email: string;
  role: Role;
}

/** A user as he stands at this moment. */
export interface Account extends User {
  suspended: boolean;
}

/** What an administrator may change. */
type Standing = Partial<Pick<Account, "role" | "suspended">>;

interface PasswordHash {
  salt: Buffer;
  key: Buffer;
}

// OWASP's minimum for scrypt at 16 MB a hash.
const COST: ScryptOptions = { N: 2 ** 14, r: 8, p: 5 };
const KEY_LENGTH = 32;

function deriveKey(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC: the same password typed on two keyboards is the same bytes.
    scrypt(password.normalize("NFKC"), salt, KEY_LENGTH, COST, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** Users and their hashed passwords; their roles and suspensions are in the store, where every node sees them. */
export class Accounts {
  readonly #store: Store;
  readonly #byUsername = new Map<string, { user: User; hash: PasswordHash }>();
  readonly #byId = new Map<string, User>();
  // What an unknown user name is compared with: no password has this key.
  readonly #nobody: PasswordHash = { salt: randomBytes(16), key: randomBytes(KEY_LENGTH) };

  constructor(store: Store) {
    this.#store = store;
  }

  async add(user: User, password: string): Promise<void> {
    const salt = randomBytes(16);
    const key = await deriveKey(password, salt);
    this.#byUsername.set(user.username, { user, hash: { salt, key } });
    this.#byId.set(user.id, user);
  }

  /** Looked up anew each time: what an administrator has changed counts from the next look on. */
  async find(id: string): Promise<Account | undefined> {
    const user = this.#byId.get(id);
    return user && { ...user, suspended: false, ...(await this.#store.get<Standing>(standingKey(id))) };
  }

  async isAdministrator(id: string): Promise<boolean> {
    const account = await this.find(id);
    return account?.role === "admin" && !account.suspended;
  }

  async all(): Promise<Account[]> {
    const accounts = await Promise.all([...this.#byId.keys()].map((id) => this.find(id)));
    return accounts.filter((account) => account !== undefined);
  }

  /** The user whose name and password these are, suspended or not. */
  async authenticate(username: string, password: string): Promise<Account | undefined> {
    const account = this.#byUsername.get(username);
    const { salt, key } = account?.hash ?? this.#nobody;
    // An unknown user costs the same work, so that the time of the answer does not say which names exist.
    const matches = timingSafeEqual(await deriveKey(password, salt), key);
    return matches && account ? this.find(account.user.id) : undefined;
  }

  async change(id: string, change: Standing): Promise<void> {
    await this.#store.update<Standing, void>(standingKey(id), (standing) => ({
      result: undefined,
      next: { value: { ...standing, ...change } },
    }));
  }
}

const standingKey = (id: string): string => `standing:${id}`;
