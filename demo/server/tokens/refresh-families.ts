import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import type { Store } from "../stores/store.ts";

/** One browser in which a user has signed in: all the refresh tokens that have followed from that sign-in. */
export interface Family {
  /** Named in access tokens. Knowing it is worth nothing. */
  readonly id: string;
  readonly subject: string;
}

/** What comes of a refresh token that is used. */
export type Rotation =
  | { readonly outcome: "rotated"; readonly family: Family; readonly secret: string }
  /** Used twice: the browser or a thief has the next one, and nobody can say who is who. The family is over. */
  | { readonly outcome: "reused"; readonly family: Family }
  /** Not ours, or of a family that is over. */
  | { readonly outcome: "unknown" };

/** As stored: it holds no secret, so who reads the store cannot sign in with what is found. */
interface StoredFamily {
  /** How many tokens there have been before the current one. */
  generation: number;
  /** ms since the epoch */
  rotatedAt: number;
  /** ms since the epoch; refreshing does not move it */
  expiresAt: number;
}

type StoredFamilies = Record<string, StoredFamily>;

interface RefreshToken {
  family: Family;
  generation: number;
}

/**
 * How long a token's predecessor still says whose browser it is, in ms: a request may have left just before the answer to
 * a refresh came. It is not taken for a refresh.
 */
const IN_FLIGHT = 5_000;

/** A browser that signs in again and again replaces its oldest families. */
const MAX_FAMILIES = 50;

export interface RefreshFamiliesOptions {
  /** Signs the refresh tokens; the same on all nodes. */
  key: Buffer;
  /** How long one sign-in lasts, in ms, however often it is refreshed. */
  lifetime: number;
  /** How long a token that is used again gets the same successor again, in ms; 0: not at all. */
  grace: number;
}

/**
 * Refresh tokens that are used once. A token is `subject.family.generation.signature`: the store only counts generations,
 * and a successor can be told again without having been kept.
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

  /** Starts a family at a sign-in. */
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

  /** Uses a token up. */
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
      // Another request, or another node's clock, may have been ahead of this one.
      const age = Math.max(0, now - stored.rotatedAt);
      if (generation === stored.generation - 1 && age < this.#options.grace)
        return { result: rotated(stored.generation) };
      return { result: { outcome: "reused", family }, families: others };
    });
  }

  /** Whose browser it is. Uses nothing up. */
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

  /** Those of some users who have signed in anywhere. */
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

  /** What a token says, if this server has signed it. */
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
