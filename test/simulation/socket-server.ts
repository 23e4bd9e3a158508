import { AuthError } from "../../src/server/auth-error.ts";
import type { Access, Accounts } from "../../src/testing/accounts.ts";
import { ServerSocket } from "../../src/testing/server-socket.ts";
import type { Clock } from "../../src/testing/time/clock.ts";
import { Engine, type Refused } from "../../src/testing/wire/engine.ts";
import type { Line } from "../../src/testing/wire/line.ts";
import type { Choices } from "./choices.ts";
import { trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { Happening, Scheduler } from "./scheduler.ts";
import type { Settings } from "./settings.ts";
import type { Tab } from "./tab.ts";

/** ms that a socket waits at least before it comes again with a token that was refused (B7). */
const LEAST_BACKOFF = 400;

/** What the server remembers of a token that it has refused. */
interface Refusal {
  /** in ms of the scheduler */
  at: number;
  /** Whether the tab has heard of it. */
  isTold: boolean;
}

/** The Socket.IO server in memory, with one namespace, by the simulation's time. */
export class SocketServer {
  /** The live sockets, and whose they are. */
  readonly connections = new Map<ServerSocket, Tab>();
  /** Whether a tab may come again at once with a token that was refused. */
  mayReturn: (tab: Tab) => boolean = () => false;
  /** Whom a connection state belongs to. */
  readonly #states = new Map<string, string>();
  /** The tokens that were refused, by tab and token; and the last one of each tab. */
  readonly #refused = new Map<string, Refusal>();
  readonly #lastRefused = new Map<Tab, Refusal>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;
  readonly #settings: Settings;
  readonly #accounts: Accounts;
  readonly #clock: Clock;
  #exceptions = 0;

  constructor(
    { scheduler, choices, journal }: { scheduler: Scheduler; choices: Choices; journal: Journal },
    settings: Settings,
    accounts: Accounts,
  ) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
    this.#settings = settings;
    this.#accounts = accounts;
    this.#clock = {
      now: () => trueTime(scheduler),
      setTimeout: (callback, ms) => scheduler.schedule(ms, callback),
      clearTimeout: (timer) => {
        if (timer) (timer as Happening).isCancelled = true;
      },
    };
  }

  /** Its end of a line. */
  accept(tab: Tab, line: Line): Engine {
    const openedAt = this.#scheduler.time;
    return new Engine(line, undefined, {
      clock: this.#clock,
      admit: (engine, _, payload) => this.#admit(tab, openedAt, engine, payload),
      closed: () => {},
    });
  }

  /** A packet has reached a tab. */
  wasHeard(tab: Tab, packet: string): void {
    const refusal = this.#lastRefused.get(tab);
    if (refusal && packet.startsWith(CONNECT_ERROR)) refusal.isTold = true;
  }

  #admit(
    tab: Tab,
    openedAt: number,
    engine: Engine,
    payload: Readonly<Record<string, unknown>>,
  ): ServerSocket | Refused {
    const { token, pid } = payload;
    const access = this.#verify(tab, openedAt, token);
    if (!("signIn" in access)) {
      this.#journal.note("server", () => `refuses ${tab.name}'s connection: ${access.code}`);
      return access;
    }
    const { subject } = access.signIn;
    if (pid !== undefined && this.#states.get(String(pid)) !== subject) {
      this.#journal.report("B16", `${tab.name} asks as ${subject} for another user's connection state`);
    }
    const state = `state${this.#states.size + 1}`;
    this.#states.set(state, subject);
    const socket: ServerSocket = new ServerSocket(
      engine,
      {
        name: "/",
        clock: this.#clock,
        hasProtocol: this.#settings.inBand,
        state,
        verify: (renewed) => this.#accounts.verify(renewed),
        connected: () => {
          this.#journal.note("server", () => `takes ${tab.name}'s connection as ${subject}`);
          this.connections.set(socket, tab);
          socket.emit("private", subject);
        },
        disconnected: () => {
          this.#journal.note("server", () => `ends ${tab.name}'s connection`);
          this.connections.delete(socket);
        },
        heard: (_, [owner], acknowledge) => {
          if (owner !== subject) {
            this.#journal.report("B16", `${owner}'s note arrives from ${tab.name} as ${subject}'s`);
          }
          acknowledge?.(true as never);
        },
        said: () => {},
      },
      access,
    );
    return socket;
  }

  /**
   * A token that was refused once is refused for good.
   *
   * @param openedAt when the connection was opened: what a page has sent that was made anew since may come in last
   */
  #verify(tab: Tab, openedAt: number, token: unknown): Access | AuthError {
    const verdict = this.#accounts.verify(token);
    const known = this.#refused.get(`${tab.name} ${token}`);
    const isSame = known?.isTold && Math.min(known.at, openedAt) >= tab.sessionSince;
    if (isSame && !this.mayReturn(tab) && this.#scheduler.time - known.at < LEAST_BACKOFF) {
      this.#journal.report("B7", `${tab.name} comes again at once with a token that was refused`);
    }
    if ("signIn" in verdict && !known && !this.#takesException(tab)) return verdict;
    const refusal = { at: this.#scheduler.time, isTold: false };
    this.#refused.set(`${tab.name} ${token}`, refusal);
    this.#lastRefused.set(tab, refusal);
    return "signIn" in verdict ? new AuthError("token_invalid") : verdict;
  }

  /** Twice a run at the most: more in a row would end the session (B7). */
  #takesException({ name }: Tab): boolean {
    if (this.#exceptions >= 2 || !this.#choices.mishap(`${name} refusal`, 0.02)) return false;
    this.#exceptions++;
    return true;
  }
}

/** How a CONNECT_ERROR begins. */
const CONNECT_ERROR = "4";
