import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { Store } from "../stores/store.ts";

/** One browser in which a user has signed in, with all the refresh tokens issued since that sign-in. */
export interface Family {
  /** Contained in access tokens. It is no secret. */
  readonly id: string;
  readonly subject: string;
}

/** The outcome of using a refresh token. */
export type Rotation =
  | { readonly outcome: "rotated"; readonly family: Family; readonly secret: string }
  /** Used for the second time. One of the two users may be a thief, and the server cannot tell which, so the family has ended. */
  | { readonly outcome: "reused"; readonly family: Family }
  /** Not issued by this server, or of a family that has ended. */
  | { readonly outcome: "unknown" };

/** What the store holds. It contains no secret, so reading the store does not let anybody sign in. */
interface StoredFamily {
  /** How many tokens were issued before the current one. */
  generation: number;
  /** ms since the epoch */
  rotatedAt: number;
  /** ms since the epoch; a refresh does not change it */
  expiresAt: number;
}

type StoredFamilies = Record<string, StoredFamily>;

interface RefreshToken {
  family: Family;
  generation: number;
}

/**
 * How long a replaced token still identifies its browser, in ms: a request may have been sent just before the answer to a
 * refresh arrived. It is not accepted for a refresh.
 */
const IN_FLIGHT = 5_000;

/** How many families a user can have. A further sign-in ends the oldest. */
const MAX_FAMILIES = 50;

export interface RefreshFamiliesOptions {
  /** Signs the refresh tokens. All nodes need the same key. */
  key: Buffer;
  /** How long one sign-in lasts, in ms, no matter how often it is refreshed. */
  lifetime: number;
  /** How long after its first use a token can be used again and gets the same successor, in ms. 0: never. */
  grace: number;
}

/**
 * One-time refresh tokens. A token is `subject.family.generation.signature`. The store only counts generations: a successor
 * can be computed again, so it need not be stored.
 */
export class RefreshFamilies {
  readonly #store: Store;
  readonly #options: RefreshFamiliesOptions;

  constructor(store: Store, options: RefreshFamiliesOptions) {
    for (const [name, value, least] of [
      ["refreshLifetime", options.lifetime, 1],
      ["refreshGrace", options.grace, 0],
    ] as const)
      if (!Number.isFinite(value) || value < least)
        throw new TypeError(`"${name}" must be a number of milliseconds, at least ${least}`);
    this.#store = store;
    this.#options = options;
  }

  /** Starts a family, at a sign-in. */
  async start(subject: string): Promise<{ family: Family; secret: string }> {
    const family = { id: randomUUID(), subject };
    const now = Date.now();
    await this.#update(subject, (families) => {
      const others = Object.entries(families).slice(1 - MAX_FAMILIES);
      const started = { generation: 0, rotatedAt: now, expiresAt: now + this.#options.lifetime };
      return { result: undefined, families: { ...Object.fromEntries(others), [family.id]: started } };
    });
    return { family, secret: this.#sign({ family, generation: 0 }) };
  }

  /** Uses a token: it cannot be used again. */
  async rotate(secret: string | undefined): Promise<Rotation> {
    const token = this.#read(secret);
    if (!token) return { outcome: "unknown" };
    const { family, generation } = token;
    const now = Date.now();
    return this.#update<Rotation>(family.subject, (families) => {
      const { [family.id]: stored, ...others } = families;
      if (!stored) return { result: { outcome: "unknown" } };
      const rotated = (next: number): Rotation => ({
        outcome: "rotated",
        family,
        secret: this.#sign({ family, generation: next }),
      });
      if (generation === stored.generation) {
        const successor = { ...stored, generation: generation + 1, rotatedAt: now };
        return { result: rotated(generation + 1), families: { ...families, [family.id]: successor } };
      }
      // Never negative: another node's clock may be ahead of this one's.
      const age = Math.max(0, now - stored.rotatedAt);
      if (generation === stored.generation - 1 && age < this.#options.grace)
        return { result: rotated(stored.generation) };
      return { result: { outcome: "reused", family }, families: others };
    });
  }

  /** The family that a token belongs to. The token stays unused. */
  async find(secret: string | undefined): Promise<Family | undefined> {
    const token = this.#read(secret);
    const stored = token && (await this.#living(token.family.subject))[token.family.id];
    if (!stored) return undefined;
    const isCurrent = token.generation === stored.generation;
    const isPrevious =
      token.generation === stored.generation - 1 && Date.now() - stored.rotatedAt < IN_FLIGHT;
    return isCurrent || isPrevious ? token.family : undefined;
  }

  async isAlive({ id, subject }: Family): Promise<boolean> {
    return Object.hasOwn(await this.#living(subject), id);
  }

  /** Of these users, those who are signed in in any browser. */
  async present(subjects: readonly string[]): Promise<string[]> {
    const families = await Promise.all(subjects.map((subject) => this.#living(subject)));
    return subjects.filter((_, index) => Object.keys(families[index] ?? {}).length > 0);
  }

  async end({ id, subject }: Family): Promise<void> {
    await this.#update(subject, ({ [id]: _, ...families }) => ({ result: undefined, families }));
  }

  async endAll(subject: string): Promise<void> {
    await this.#store.delete(familiesKey(subject));
  }

  async #living(subject: string): Promise<StoredFamilies> {
    return living(await this.#store.get<StoredFamilies>(familiesKey(subject)));
  }

  #update<Result>(
    subject: string,
    change: (families: StoredFamilies) => { result: Result; families?: StoredFamilies },
  ): Promise<Result> {
    return this.#store.update<StoredFamilies, Result>(familiesKey(subject), (stored) => {
      const { result, families } = change(living(stored));
      return families ? { result, next: { value: families, lifetime: this.#options.lifetime } } : { result };
    });
  }

  #sign({ family: { id, subject }, generation }: RefreshToken): string {
    const text = [Buffer.from(subject).toString("base64url"), id, generation].join(".");
    return `${text}.${this.#signature(text).toString("base64url")}`;
  }

  /** The content of a token, if this server has signed it. */
  #read(secret: string | undefined): RefreshToken | undefined {
    const [subject = "", id = "", generation = "", signature = ""] = secret?.split(".", 4) ?? [];
    const expected = this.#signature([subject, id, generation].join("."));
    const given = Buffer.from(signature, "base64url");
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const family = { id, subject: Buffer.from(subject, "base64url").toString() };
    return { family, generation: Number(generation) };
  }

  #signature(text: string): Buffer {
    return createHmac("sha256", this.#options.key).update(text).digest();
  }
}

function living(families: StoredFamilies = {}): StoredFamilies {
  const now = Date.now();
  return Object.fromEntries(Object.entries(families).filter(([, { expiresAt }]) => expiresAt > now));
}

const familiesKey = (subject: string): string => `families:${subject}`;
