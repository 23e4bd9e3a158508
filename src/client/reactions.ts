type Task = () => void;

/**
 * The one queue of a session, its sockets and its stores. A decision changes the state at once. What follows from it is
 * carried out here, in the order of the decisions:
 *
 *     decide ──▶ sockets and stores react ──▶ the app's listeners hear of it
 *
 * Listeners run only when no reaction is waiting. So sockets drop what is the previous user's before any listener hears of the
 * next user, whatever a listener or a store does (B11, B16). A task that throws stops no other task (B9).
 */
export class Reactions {
  readonly #report: (error: unknown) => void;
  readonly #reactions: Task[] = [];
  readonly #news: Task[] = [];
  #isRunning = false;

  /** @param report what becomes of an error that a task throws */
  constructor(report: (error: unknown) => void) {
    this.#report = report;
  }

  /** Queues what a socket or a store does about a decision. */
  react(task: Task): void {
    this.#reactions.push(task);
  }

  /** Queues a call of the app's code, behind all that waits. */
  tell(task: Task): void {
    this.#news.push(task);
  }

  /** Queues calls of the app's code before those that wait: they are part of the news that is being told. */
  tellNow(tasks: Task[]): void {
    this.#news.unshift(...tasks);
  }

  /** Carries out what is queued. Called from within a task it does nothing: the queue goes on automatically. */
  run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    for (let task = this.#next(); task; task = this.#next()) {
      try {
        task();
      } catch (error) {
        this.#report(error);
      }
    }
    this.#isRunning = false;
  }

  #next(): Task | undefined {
    return this.#reactions.shift() ?? this.#news.shift();
  }
}
