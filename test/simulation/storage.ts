import { webStorageStore } from "authsocket";
import type { Choices } from "./choices.ts";
import type { Journal } from "./journal.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/**
 * ms, at most, for what a tab has stored to reach the browser's own copy, which takes less than a transaction; and from
 * there to another tab, which may take long (T24).
 */
const [SLOWEST_UP, SLOWEST_DOWN] = [3, 800];

interface Body {
  token?: string;
  refreshToken?: string;
}

/**
 * localStorage as browsers have it (T24): each tab works on a copy of its own; what it writes goes to the browser's, and
 * from there to the others, in order, some time later.
 */
export class StorageService {
  readonly truth = new Map<string, string>();
  /** Told of each write, at once. */
  onWrite: (tab: Tab, key: string, value: string | null) => void = () => {};
  readonly #areas = new Map<Tab, StorageArea>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;

  constructor(scheduler: Scheduler, choices: Choices, journal: Journal) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
  }

  /** What lies there before the first tab is opened. */
  begin(body: Body): void {
    fill(new StorageArea(this.truth, () => {}), body, {});
  }

  open(tab: Tab): StorageArea {
    const area = new StorageArea(new Map(this.truth), (key, value) => this.#write(tab, key, value));
    this.#areas.set(tab, area);
    return area;
  }

  /**
   * A tab's sessionStorage, which nobody else sees.
   *
   * @param now ms since the epoch
   */
  openOwn({ expiresIn, ...body }: Body & { expiresIn?: number }, now: number): StorageArea {
    const area = new StorageArea(new Map(), () => {});
    fill(area, body, expiresIn === undefined ? {} : { expiresAt: now + expiresIn * 1_000 });
    return area;
  }

  #write(writer: Tab, key: string, value: string | null): void {
    this.onWrite(writer, key, value);
    const arrive = () => {
      if (value === null) this.truth.delete(key);
      else this.truth.set(key, value);
      for (const [tab, area] of this.#areas) {
        const hear = () => {
          if (tab !== writer)
            this.#journal.note(tab.name, () => `sees ${key} ${value === null ? "removed" : "change"}`);
          area.hear(key, value, tab === writer);
        };
        const ms = this.#choices.delay(`storage to ${tab.name}`, 4, SLOWEST_DOWN);
        this.#scheduler.schedule(ms, hear, tab, `storage to ${tab.name}`);
      }
    };
    const ms = this.#choices.delay(`storage of ${writer.name}`, 1, SLOWEST_UP);
    this.#scheduler.schedule(ms, arrive, undefined, `storage of ${writer.name}`);
  }
}

function fill(area: StorageArea, { token = "", refreshToken }: Body, life: { expiresAt?: number }): void {
  const tokens = { accessToken: token, ...(refreshToken && { refreshToken }), ...life };
  void webStorageStore("authToken", area).save(tokens);
}

/** One tab's copy. */
export class StorageArea implements Storage {
  readonly #copy: Map<string, string>;
  readonly #send: (key: string, value: string | null) => void;
  /** How many of its own writes have not come back: until then it takes others' for older. */
  readonly #unconfirmed = new Map<string, number>();
  readonly #listeners = new Set<() => void>();

  constructor(copy: Map<string, string>, send: (key: string, value: string | null) => void) {
    this.#copy = copy;
    this.#send = send;
  }

  /** What a duplicated tab begins with: the browser copies sessionStorage. */
  duplicate(): StorageArea {
    return new StorageArea(new Map(this.#copy), () => {});
  }

  get length(): number {
    return this.#copy.size;
  }

  key(index: number): string | null {
    return [...this.#copy.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.#copy.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.#copy.set(key, value);
    this.#sent(key, value);
  }

  removeItem(key: string): void {
    this.#copy.delete(key);
    this.#sent(key, null);
  }

  clear(): void {
    for (const key of [...this.#copy.keys()]) this.removeItem(key);
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  hear(key: string, value: string | null, isOwn: boolean): void {
    const unconfirmed = this.#unconfirmed.get(key) ?? 0;
    if (isOwn) {
      this.#unconfirmed.set(key, unconfirmed - 1);
      return;
    }
    if (unconfirmed === 0) {
      if (value === null) this.#copy.delete(key);
      else this.#copy.set(key, value);
    }
    for (const listener of [...this.#listeners]) listener();
  }

  #sent(key: string, value: string | null): void {
    this.#unconfirmed.set(key, (this.#unconfirmed.get(key) ?? 0) + 1);
    this.#send(key, value);
  }
}
