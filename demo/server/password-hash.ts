import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from "node:crypto";

export interface PasswordHash {
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

export async function hashPassword(password: string): Promise<PasswordHash> {
  const salt = randomBytes(16);
  return { salt, key: await deriveKey(password, salt) };
}

/** What an unknown user's password is compared with: no password has this key. */
export function hashOfNobody(): PasswordHash {
  return { salt: randomBytes(16), key: randomBytes(KEY_LENGTH) };
}

/** Takes as long whatever comes of it. */
export async function isPassword(password: string, { salt, key }: PasswordHash): Promise<boolean> {
  return timingSafeEqual(await deriveKey(password, salt), key);
}
