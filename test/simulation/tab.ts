import type { Choices } from "./choices.ts";
import type { Journal } from "./journal.ts";
import type { Actor, Happening, Scheduler } from "./scheduler.ts";

/** ms */
const MOMENT = 2_000;

/** One tab: it may be frozen and thawed, and crash. Its timers run, and its messages arrive, while it is neither. */
export class Tab implements Actor {
  readonly name: string;
  isFrozen = false;
  isGone = false;
  /** Whether its user waits in front of it, which keeps it from being frozen or closed. */
  isWatched = false;
  readonly openedAt: number;
  /** when it was last thawed, or opened */
  awakeSince: number;
  /** when its session was made, which knows nothing of the time before */
  sessionSince: number;
  readonly held: Happening[] = [];
  /** Called when the tab is gone: its connections end. */
  readonly endings = new Set<() => void>();
  readonly #sleepers = new Set<(isOnline: boolean) => void>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;

  constructor(name: string, scheduler: Scheduler, choices: Choices, journal: Journal) {
    this.name = name;
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
    this.openedAt = this.awakeSince = this.sessionSince = scheduler.time;
  }

  get isAwake(): boolean {
    return !this.isFrozen && !this.isGone;
  }

  readonly setTimeout = (callback: () => void, ms: number): Happening => {
    if (!(ms < 2 ** 31)) this.#journal.report("T19", `${this.name} sets a timer of ${ms} ms`);
    return this.#scheduler.schedule(Math.max(ms, 0), callback, this);
  };

  readonly clearTimeout = (timer: unknown): void => {
    if (timer) (timer as Happening).isCancelled = true;
  };

  readonly onWakeUp = (listener: (isOnline: boolean) => void): (() => void) => {
    this.#sleepers.add(listener);
    return () => {
      this.#sleepers.delete(listener);
    };
  };

  wake(online: boolean): void {
    this.#scheduler.schedule(
      1,
      () => {
        for (const heard of [...this.#sleepers]) heard(online);
      },
      this,
    );
  }

  /** Not within a moment of being thawed: no timer can tell the end of a deadline from a tab that is frozen again and again. */
  freeze(): void {
    const isJustThawed = this.awakeSince > this.openedAt && this.#scheduler.time < this.awakeSince + MOMENT;
    if (!this.isAwake || this.isWatched || isJustThawed) return;
    this.#journal.note(this.name, () => "is frozen");
    this.isFrozen = true;
  }

  /** Timers that ran out meanwhile, messages and answers come in a little later, in no order among each other. */
  thaw(): void {
    if (!this.isFrozen || this.isGone) return;
    this.#journal.note(this.name, () => "is thawed");
    this.isFrozen = false;
    this.awakeSince = this.#scheduler.time;
    const kinds = new Map<string, number>();
    this.#scheduler.release(this, ({ channel = "timers" }) => {
      const delay = kinds.get(channel) ?? this.#choices.delay(`${this.name} thaw ${channel}`, 1, 100);
      kinds.set(channel, delay);
      return delay;
    });
    this.wake(false);
  }

  crash(): void {
    if (this.isGone || this.isWatched) return;
    this.#journal.note(this.name, () => "crashes");
    this.isGone = true;
    for (const end of this.endings) end();
  }
}
