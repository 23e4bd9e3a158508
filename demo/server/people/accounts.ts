import type { Role } from "../../socket-events.ts";
import type { Store } from "../stores/store.ts";
import {
  hashOfNobody,
  hashPassword,
  isPassword,
  isPasswordCost,
  MAX_PASSWORD_COST,
  type PasswordHash,
} from "./password-hash.ts";

export interface User {
  id: string;
  username: string;
  email: string;
  role: Role;
}

/** A user with the role and suspension of this moment. */
export interface Account extends User {
  suspended: boolean;
}

/** What an administrator can change. */
type Standing = Partial<Pick<Account, "role" | "suspended">>;

/** Users and their hashed passwords; their roles and suspensions are in the store, where every node sees them. */
export class Accounts {
  readonly #store: Store;
  readonly #byUsername = new Map<string, { user: User; hash: PasswordHash }>();
  readonly #byId = new Map<string, User>();
  readonly #cost: number;
  readonly #nobody: PasswordHash;

  /** @param options.passwordCost scrypt's N */
  constructor(store: Store, { passwordCost }: { passwordCost: number }) {
    if (!isPasswordCost(passwordCost))
      throw new TypeError(`"passwordCost" must be a power of two from 2 to ${MAX_PASSWORD_COST}`);
    this.#store = store;
    this.#cost = passwordCost;
    this.#nobody = hashOfNobody(passwordCost);
  }

  async add(user: User, password: string): Promise<void> {
    this.#byId.set(user.id, user);
    this.#byUsername.set(user.username, { user, hash: await hashPassword(password, this.#cost) });
  }

  /** Reads the store each time, so that an administrator's change takes effect at once. */
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
    // An unknown name costs the same work: the time of the answer must not tell which names exist.
    const matches = await isPassword(password, account?.hash ?? this.#nobody);
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
