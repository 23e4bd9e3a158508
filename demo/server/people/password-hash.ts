import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

export interface PasswordHash {
  salt: Buffer;
  key: Buffer;
  /** The N that scrypt was called with */
  cost: number;
}

// OWASP's minimum for scrypt at 16 MB a hash.
export const PASSWORD_COST = 2 ** 14;

/** A hash takes a gigabyte then. */
export const MAX_PASSWORD_COST = 2 ** 20;

/** Whether it can be N: scrypt takes powers of two. */
export const isPasswordCost = (cost: number): boolean =>
  cost >= 2 && cost <= MAX_PASSWORD_COST && Number.isInteger(Math.log2(cost));

const R = 8;
const P = 5;
const KEY_LENGTH = 32;

/** Node admits only 32 MiB unless it is told how much is needed. */
const parametersOf = (cost: number): ScryptOptions => ({
  N: cost,
  r: R,
  p: P,
  maxmem: 128 * R * (cost + P + 2),
});

function deriveKey(password: string, salt: Buffer, cost: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    // NFKC: two keyboards can encode the same password differently.
    scrypt(password.normalize("NFKC"), salt, KEY_LENGTH, parametersOf(cost), (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

export async function hashPassword(password: string, cost: number): Promise<PasswordHash> {
  const salt = randomBytes(16);
  return { salt, key: await deriveKey(password, salt, cost), cost };
}

/** For unknown users: a hash that no password matches. */
export function hashOfNobody(cost: number): PasswordHash {
  return { salt: randomBytes(16), key: randomBytes(KEY_LENGTH), cost };
}

/** Takes the same time for a right and for a wrong password. */
export async function isPassword(password: string, { salt, key, cost }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await deriveKey(password, salt, cost), key);
}
