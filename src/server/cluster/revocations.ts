/** The scope of the rules that guard a whole Server. The scope of a namespace with rules of its own is its name or its pattern. */
export const SERVER_SCOPE = "*";

/** ms by which the clocks of two nodes may differ. */
export const CLOCK_SKEW = 5_000;

let latest = 0;

/** ms since the epoch, with fractions if needed. No two calls of a process return the same, so their order is certain. */
export function instant(): number {
  latest = Math.max(Date.now(), latest + 0.001);
  return latest;
}

/** A user whose connections were ended. */
export interface Revocation {
  id: string;
  /** Which rules it concerns. A subject is a user of these rules only. */
  scope: string;
  subject: string;
  reason: string;
  /** an `instant()` of this process */
  at: number;
  /** The same in the time of `performance.now()`, which no clock that is set for a moment moves. */
  tick: number;
}

/** Remembers whose connections were ended, for as long as an older session of theirs could be recovered. */
export class Revocations {
  readonly #memory: number;
  /** In the order of their coming. */
  readonly #byId = new Map<string, Revocation>();
  readonly #bySubject = new Map<string, Revocation>();

  /** @param memory ms */
  constructor(memory: number) {
    this.#memory = memory;
  }

  /** All that are remembered. */
  get all(): Revocation[] {
    return [...this.#byId.values()];
  }

  /** The ids of those that are at least `youngest` ms old, and at most `oldest` ms. */
  idsBetween(youngest: number, oldest: number): string[] {
    const now = performance.now();
    return this.all.filter(({ tick }) => now - tick >= youngest && now - tick <= oldest).map(({ id }) => id);
  }

  /** @returns whether it is new */
  remember(revocation: Revocation): boolean {
    this.#forget();
    if (this.#byId.has(revocation.id)) return false;
    this.#byId.set(revocation.id, revocation);
    const key = keyOf(revocation.scope, revocation.subject);
    // If another node tells one late, it does not replace a newer one.
    if ((this.#bySubject.get(key)?.at ?? 0) <= revocation.at) this.#bySubject.set(key, revocation);
    return true;
  }

  /** Returns the revocation that ended what the user began at `since`, if there was one. */
  after(scope: string, subject: string, since: number): Revocation | undefined {
    const revocation = this.#bySubject.get(keyOf(scope, subject));
    return revocation && revocation.at >= since ? revocation : undefined;
  }

  #forget(): void {
    for (const revocation of this.#byId.values()) {
      if (revocation.tick >= performance.now() - this.#memory) break;
      this.#byId.delete(revocation.id);
      const key = keyOf(revocation.scope, revocation.subject);
      if (this.#bySubject.get(key) === revocation) this.#bySubject.delete(key);
    }
  }
}

function keyOf(scope: string, subject: string): string {
  // Both may contain whatever could stand between them.
  return JSON.stringify([scope, subject]);
}
