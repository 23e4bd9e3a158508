/** T10: what the offsets of Socket.IO's adapters look like, in memory (the time in base 64: P to Z until 2048) and in Redis streams. */
const OFFSET = /^([P-Z][\w-]{6}(\.[\w-]+)?|\d{13,}-\d+)$/;

/** And in MongoDB: so do the ids that many apps send. */
const OBJECT_ID = /^[\da-f]{24}$/;

/** Where connection state recovery goes on from, and for whom. */
export class RecoveryCursor {
  /**
   * Socket.IO takes the last text of any event for its offset, of volatile ones too. Null: this user has had none, though
   * Socket.IO still has the previous user's.
   */
  #offset: string | undefined | null;
  /** By which the server knows what it can recover: the same until a recovery has failed. */
  #pid: unknown;
  /** The last one whose offsets are times: for as long as it is the same, ObjectIds are the app's own. */
  #timedPid: unknown;
  /** Whom the server last knew this Socket as. */
  #knownAs: number | undefined;
  #isLeft: boolean;

  /** @param isPlain whether the app has had the Socket as a plain one: what it has to recover may be somebody else's (T6) */
  constructor(isPlain: boolean) {
    this.#isLeft = isPlain;
  }

  /** @param user the id of the user, negative for a guest */
  connected(user: number): void {
    if (this.#isAnother(user)) this.#offset = null;
    this.#knownAs = user;
    this.#isLeft = false;
  }

  /** A DISCONNECT ends it for good. An adapter may still have an older session, whose token has been replaced since (B14). */
  left(): void {
    this.#isLeft = true;
  }

  /** A server without recovery gives no pid, and is sent no offset. */
  accepted(payload: unknown): void {
    this.#pid = Object(payload).pid;
  }

  received(event: unknown[]): void {
    const last = event[event.length - 1];
    if (!this.#pid || typeof last !== "string") return;
    const isTime = OFFSET.test(last);
    if (isTime) this.#timedPid = this.#pid;
    const isOffset = isTime || (OBJECT_ID.test(last) && this.#pid !== this.#timedPid);
    this.#offset = isOffset ? last : (this.#offset ?? undefined);
  }

  /**
   * What overrides Socket.IO's own fields of the CONNECT payload: one user's connection is not another's to recover
   * (T6), and no guest's is a user's (B21).
   */
  fields(user: number): { pid?: undefined; offset?: string | undefined } {
    if (this.#isLeft || this.#isAnother(user)) return { pid: undefined, offset: undefined };
    return this.#pid && this.#offset !== undefined ? { offset: this.#offset ?? undefined } : {};
  }

  #isAnother(user: number): boolean {
    return this.#knownAs !== undefined && this.#knownAs !== user;
  }
}
