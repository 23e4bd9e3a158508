import { EXPIRING_EVENT, RENEW_EVENT, SESSION_EVENT } from "../../src/protocol.ts";
import type { Choices } from "./choices.ts";
import { trueTime } from "./computer.ts";
import type { Journal } from "./journal.ts";
import { type AccessClaims, readAccessToken } from "./rotating-server.ts";
import type { Happening, Scheduler } from "./scheduler.ts";
import type { Settings, User } from "./settings.ts";
import type { Line } from "./web-socket.ts";

/** Longer than any run: a line that breaks is told of. */
const PING_INTERVAL = 1e8;

/** Share of a token's life that is left when the server tells of its end. */
const NOTICE = 0.1;

/** ms that a socket waits at least before it comes again with a token that was refused (B7). */
const LEAST_BACKOFF = 400;

/** A connected Socket. */
interface Connection {
  user: User;
  /** when its token expires, ms since the epoch */
  expiresAt: number;
  notice: Happening;
  cut: Happening;
}

/** A Socket.IO server with one namespace, as far as packets go: verifies, renews in band if it is set to, and cuts at expiry. */
export class SocketServer {
  readonly connections = new Map<Line, Connection>();
  /** Whom a connection state belongs to. */
  readonly #states = new Map<string, User>();
  /** The tokens that were refused, by tab, and whether the tab was told. */
  readonly #refused = new Map<string, boolean>();
  readonly #refusedAt = new Map<string, number>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #journal: Journal;
  readonly #settings: Settings;
  #count = 0;
  #exceptions = 0;

  constructor(
    { scheduler, choices, journal }: { scheduler: Scheduler; choices: Choices; journal: Journal },
    settings: Settings,
  ) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#journal = journal;
    this.#settings = settings;
  }

  readonly accept = (line: Line): void => {
    line.onMessage = (text) => this.#receive(line, text);
    line.onClose = () => this.#forget(line);
    const times = { pingInterval: PING_INTERVAL, pingTimeout: PING_INTERVAL };
    line.send(
      `0${JSON.stringify({ sid: `engine${++this.#count}`, upgrades: [], ...times, maxPayload: 1e6 })}`,
    );
  };

  #receive(line: Line, text: string): void {
    const [, type, id, payload = ""] = /^4(\d)(\d*)(.*)$/.exec(text) ?? [];
    if (type === "0") this.#connect(line, JSON.parse(payload || "{}"));
    else if (type === "1") this.#forget(line);
    else if (type === "2") this.#event(line, id ?? "", JSON.parse(payload));
  }

  #connect(line: Line, { token, pid }: { token?: string; pid?: string }): void {
    const { name } = line.tab;
    const claims = readAccessToken(token);
    const code = claims ? this.#refusal(line, String(token), claims) : "token_missing";
    if (!claims || code) {
      this.#journal.note("server", () => `refuses ${name}'s connection: ${code}`);
      line.send(`44${JSON.stringify({ message: "no", data: { code } })}`);
      return;
    }
    if (pid !== undefined && this.#states.get(pid) !== claims.sub) {
      this.#journal.report("B16", `${name} asks as ${claims.sub} for another user's connection state`);
    }
    const state = `state${++this.#count}`;
    this.#states.set(state, claims.sub);
    this.#forget(line);
    this.connections.set(line, { user: claims.sub, ...this.#keep(line, claims) });
    this.#journal.note("server", () => `takes ${name}'s connection as ${claims.sub}`);
    line.send(`40${JSON.stringify({ sid: `socket${this.#count}`, pid: state })}`);
    if (this.#settings.inBand)
      line.send(`42${JSON.stringify([SESSION_EVENT, { expiresIn: this.#left(claims) }])}`);
    line.send(`42${JSON.stringify(["private", claims.sub])}`);
  }

  /** A token that was refused once is refused for good. */
  #refusal({ tab: { name }, isOpen }: Line, token: string, claims: AccessClaims): string | undefined {
    const refused = `${name} ${token}`;
    const isTold = this.#refused.get(refused);
    const since = this.#scheduler.time - (this.#refusedAt.get(refused) ?? Number.NEGATIVE_INFINITY);
    if (isTold && since < LEAST_BACKOFF) {
      this.#journal.report("B7", `${name} comes again at once with a token that was refused`);
    }
    const isRefused = isTold !== undefined || this.#left(claims) <= 0 || this.#takesException(name);
    if (!isRefused) return undefined;
    this.#refused.set(refused, isOpen);
    this.#refusedAt.set(refused, this.#scheduler.time);
    return this.#left(claims) <= 0 ? "token_expired" : "token_invalid";
  }

  /** Twice a run at the most: more in a row would end the session (B7). */
  #takesException(name: string): boolean {
    if (this.#exceptions >= 2 || !this.#choices.mishap(`${name} refusal`, 0.02)) return false;
    this.#exceptions++;
    return true;
  }

  #event(line: Line, id: string, [event, ...args]: [string, ...unknown[]]): void {
    const connection = this.connections.get(line);
    if (!connection) return;
    if (event === RENEW_EVENT) this.#renew(line, id, readAccessToken(Object(args[0]).token));
    else {
      if (args[0] !== connection.user) {
        this.#journal.report(
          "B16",
          `${args[0]}'s note arrives from ${line.tab.name} as ${connection.user}'s`,
        );
      }
      if (id) line.send(`43${id}${JSON.stringify([true])}`);
    }
  }

  #renew(line: Line, id: string, claims: AccessClaims | undefined): void {
    const connection = this.connections.get(line);
    if (!connection || !claims || claims.sub !== connection.user || this.#left(claims) <= 0) {
      line.send(`43${id}${JSON.stringify([{ code: "token_invalid", message: "no" }])}`);
      return;
    }
    connection.notice.isCancelled = connection.cut.isCancelled = true;
    Object.assign(connection, this.#keep(line, claims));
    line.send(`43${id}${JSON.stringify([{ expiresIn: this.#left(claims) }])}`);
  }

  #keep(line: Line, claims: AccessClaims): Omit<Connection, "user"> {
    const { inBand } = this.#settings;
    const notice = this.#scheduler.schedule(this.#left(claims) * (1 - NOTICE), () => {
      if (inBand) line.send(`42${JSON.stringify([EXPIRING_EVENT, { expiresIn: this.#left(claims) }])}`);
    });
    const cut = this.#scheduler.schedule(this.#left(claims), () => {
      this.#journal.note("server", () => `cuts ${line.tab.name}'s connection`);
      this.#forget(line);
      line.send("41");
    });
    return { expiresAt: claims.exp * 1000, notice, cut };
  }

  #forget(line: Line): void {
    const connection = this.connections.get(line);
    if (connection) connection.notice.isCancelled = connection.cut.isCancelled = true;
    this.connections.delete(line);
  }

  /** ms */
  #left({ exp }: AccessClaims): number {
    return exp * 1000 - trueTime(this.#scheduler);
  }
}
