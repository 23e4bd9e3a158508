/**
 * What chance decides, by a seed. Each decision has a name of its own, its place and a number, and hangs on nothing else:
 * one that is taken back changes no other, so that a failing run can be cut down decision by decision.
 */
export class Choices {
  /** The names of all decisions that were out of the ordinary. */
  readonly made: string[] = [];
  /** From now on all is as usual. */
  isCalm = false;
  /** Whether more than delays may happen. */
  hasMishaps = true;
  readonly seed: number;
  readonly #only: ReadonlySet<string> | undefined;
  readonly #counts = new Map<string, number>();

  /** @param only decisions that may be out of the ordinary; default: all */
  constructor(seed: number, only?: ReadonlySet<string>) {
    this.seed = seed;
    this.#only = only;
  }

  /** 0 ≤ share < 1, the same for the same seed and name. */
  share(name: string): number {
    return hash(`${this.seed} ${name}`) / 2 ** 32;
  }

  /** A share for each call. */
  next(place: string): number {
    return this.share(this.#name(place));
  }

  /** One of them, by a share. */
  pick<T>(share: number, options: readonly [T, ...T[]]): T {
    return options[Math.floor(share * options.length)] ?? options[0];
  }

  /**
   * Whether something out of the ordinary happens.
   *
   * @returns the name of the decision, to draw shares from; undefined: all is as usual
   */
  strikes(place: string, probability: number): string | undefined {
    const name = this.#name(place);
    if (this.isCalm || this.share(name) >= probability || this.#only?.has(name) === false) return undefined;
    this.made.push(name);
    return name;
  }

  /** Whether something goes wrong; as `strikes`. */
  mishap(place: string, probability: number): string | undefined {
    return this.hasMishaps ? this.strikes(place, probability) : undefined;
  }

  /** ms that something takes: as usual, or now and then up to `most`, small delays being more frequent than great ones. */
  delay(place: string, usual: number, most: number): number {
    const name = this.strikes(place, 0.3);
    return name ? Math.round(usual + (most - usual) * this.share(`${name} ms`) ** 3) : usual;
  }

  #name(place: string): string {
    const count = (this.#counts.get(place) ?? 0) + 1;
    this.#counts.set(place, count);
    return `${place} ${count}`;
  }
}

/** FNV-1a, then the last mixing step of MurmurHash3, so that names which differ in one digit have nothing in common. */
function hash(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
