let latest = 0;

/** ms since the epoch, in fractions where needed: no two calls of one process tie, so that before and after are certain. */
export function instant(): number {
  latest = Math.max(Date.now(), latest + 0.001);
  return latest;
}

/** A user whose connections were ended. */
export interface UserRevocation {
  subject: string;
  reason: string;
  /** an `instant()` */
  at: number;
}

/** Remembers whose connections were ended, for as long as an older session of theirs could come back. */
export class Revocations {
  readonly #memory: number;
  readonly #bySubject = new Map<string, UserRevocation>();

  /** @param memory ms */
  constructor(memory: number) {
    this.#memory = memory;
  }

  remember(revocation: UserRevocation): void {
    // Deleted first, so that the map stays in the order of time and the oldest are found at its head.
    this.#bySubject.delete(revocation.subject);
    this.#bySubject.set(revocation.subject, revocation);
    for (const [subject, { at }] of this.#bySubject) {
      if (at >= revocation.at - this.#memory) break;
      this.#bySubject.delete(subject);
    }
  }

  /** The revocation that ended what that user began at `since`, if there was one. */
  after(subject: string, since: number): UserRevocation | undefined {
    const revocation = this.#bySubject.get(subject);
    return revocation && revocation.at >= since ? revocation : undefined;
  }
}
