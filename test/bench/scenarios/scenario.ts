import type { ContenderName } from "../contenders/contender.ts";
import type { Host } from "../hosts/host.ts";
import type { Check, Row } from "../report/row.ts";
import type { LoginOptions } from "../server/logins.ts";
import type { ServerKind } from "../server/protection.ts";
import type { Site } from "../site.ts";

/** What a scenario has to work with. */
export interface Bench {
  /**
   * The scenario's own server of that kind.
   *
   * @param use what it is for: parts that run at the same time get a server each by naming their use. default: one for all
   */
  site(kind: ServerKind, use?: string): Promise<Site>;
  hosts: Host[];
  contenders: readonly ContenderName[];
  /** whether only counts matter */
  quick: boolean;
  /** of everything that is measured */
  repetitions: number;
  /** How many times longer than necessary lifetimes are, so that counts do not depend on how busy the machine is. */
  pace: number;
  /** Works one after the other if times are measured, all at once if only counts matter. */
  inTurn<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>): Promise<Result[]>;
}

export interface Outcome {
  rows: Row[];
  checks: Check[];
}

export function joined(outcomes: readonly Outcome[]): Outcome {
  return {
    rows: outcomes.flatMap(({ rows }) => rows),
    checks: outcomes.flatMap(({ checks }) => checks),
  };
}

export interface Scenario {
  name: string;
  /** What its rows measure, in their order: docs/benchmarks.md has them all. */
  measures: readonly string[];
  /** Whether it has no counts, so that a quick run can leave it out. default false */
  onlyTimes?: boolean;
  run(bench: Bench): Promise<Outcome>;
}

const NEVER = 24 * 3_600_000;

/** `raw` is the limit since its tokens never expire. */
export function loginOf(contender: ContenderName, login: LoginOptions): LoginOptions {
  return contender === "raw" ? { ...login, first: NEVER } : login;
}

export const isOurs = (contender: ContenderName): boolean => contender.startsWith("AuthSocket");

export function hostOf({ hosts }: Bench, name: Host["name"]): Host {
  const found = hosts.find((host) => host.name === name);
  if (!found) throw new Error(`nothing runs in ${name}`);
  return found;
}
