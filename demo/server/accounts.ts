import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

export interface User {
  id: string;
  username: string;
  email: string;
  role: "user" | "admin";
}

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

/** Users and their hashed passwords, in memory. */
export class Accounts {
  readonly #byUsername = new Map<string, { user: User; hash: PasswordHash }>();
  readonly #byId = new Map<string, User>();
  // What an unknown user name is compared with: no password has this key.
  readonly #nobody: PasswordHash = { salt: randomBytes(16), key: randomBytes(KEY_LENGTH) };

  async add(user: User, password: string): Promise<void> {
    const salt = randomBytes(16);
    const key = await deriveKey(password, salt);
    this.#byUsername.set(user.username, { user, hash: { salt, key } });
    this.#byId.set(user.id, user);
  }

  find(id: string): User | undefined {
    return this.#byId.get(id);
  }

  /** The user whose name and password these are. */
  async authenticate(username: string, password: string): Promise<User | undefined> {
    const account = this.#byUsername.get(username);
    const { salt, key } = account?.hash ?? this.#nobody;
    // An unknown user costs the same work, so that the time of the answer does not say which names exist.
    const matches = timingSafeEqual(await deriveKey(password, salt), key);
    return matches ? account?.user : undefined;
  }
}
