import type { AuthSession } from "authsocket";
import type { Choices } from "./choices.ts";
import type { Computer } from "./computer.ts";
import type { Journal } from "./journal.ts";
import type { Mishaps } from "./mishaps.ts";
import type { Answer, RotatingServer } from "./rotating-server.ts";
import type { Scheduler } from "./scheduler.ts";
import { holdsRefreshToken, type Settings, type User } from "./settings.ts";
import type { Tab } from "./tab.ts";

/** ms one way, at most: there and back within a refresh's 10 s. */
const SLOWEST = 4_500;

/** ms, at least and at most, of an answer that a refresh does not wait for: some come when even its late answer is given up. */
const [LATE, LATEST] = [8_000, 45_000];

/** Whose session a refresh is for. */
export interface Sender {
  readonly session: AuthSession;
}

/** A request for a refresh that is under way. */
export interface Flight {
  readonly tab: Tab;
  readonly sender: Sender | undefined;
  /** the refresh token that it carries */
  readonly token: string | undefined;
  /** ms of the scheduler */
  readonly sentAt: number;
  /** when its tab was given new tokens */
  grantedAt?: number;
}

type Request =
  | { path: "refresh"; refreshToken?: string | undefined }
  | { path: "logout"; refreshToken?: string | undefined }
  /** `beside`: what was there before goes on, too */
  | { path: "login"; user: User; beside?: boolean };

/** HTTP between tabs and server. A frozen or closed tab's request goes on without it, and its cookies are kept. */
export class Network {
  /** Told of each request for a refresh, as it departs. */
  onRefresh: (flight: Flight, others: ReadonlySet<Flight>) => void = () => {};
  /** A tab does not wait for the answer any longer. */
  onAbort: (flight: Flight) => void = () => {};
  /** An answer is there that a tab has waited for. */
  onAnswer: (flight: Flight) => void = () => {};
  /** An answer that brought a new refresh token did not reach its tab. */
  onLoss: () => void = () => {};
  /** When access tokens came in. */
  readonly received = new Map<string, number>();
  /** When access tokens were asked for. */
  readonly askedFor = new Map<string, number>();
  readonly #flights = new Set<Flight>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #mishaps: Mishaps;
  readonly #journal: Journal;
  readonly #computer: Computer;
  readonly #server: RotatingServer;
  readonly #settings: Settings;

  constructor(
    world: { scheduler: Scheduler; choices: Choices; mishaps: Mishaps; journal: Journal },
    computer: Computer,
    server: RotatingServer,
    settings: Settings,
  ) {
    this.#scheduler = world.scheduler;
    this.#choices = world.choices;
    this.#mishaps = world.mishaps;
    this.#journal = world.journal;
    this.#computer = computer;
    this.#server = server;
    this.#settings = settings;
  }

  /** The fetch of a session in a tab, for the refresh endpoint. */
  fetchOf(tab: Tab, sender: Sender): typeof fetch {
    return async (_, init) => {
      const { refreshToken } = JSON.parse(String(init?.body ?? "{}"));
      const context = { sender, signal: init?.signal };
      const { status, body } = await this.send(tab, { path: "refresh", refreshToken }, context);
      const ok = status === 200;
      return { ok, status, headers: new Headers(), json: async () => body } as Response;
    };
  }

  send(
    tab: Tab,
    request: Request,
    { sender, signal }: { sender?: Sender; signal?: AbortSignal | null | undefined } = {},
  ): Promise<Answer> {
    const { path } = request;
    const place = `${tab.name} ${path}`;
    const cookie = this.#computer.cookie.value;
    const isHeld = holdsRefreshToken(this.#settings.keeping);
    const token = path === "refresh" && isHeld ? request.refreshToken : cookie;
    const sentAt = this.#scheduler.time;
    const flight: Flight = { tab, sender, token, sentAt };
    let isOver = false;
    return new Promise((resolve, reject) => {
      const land = (ms: number, settle: () => void) => {
        const arrive = () => {
          if (!isOver) settle();
          isOver = true;
        };
        this.#scheduler.schedule(ms, () => this.#flights.delete(flight));
        this.#scheduler.schedule(ms, arrive, tab);
      };
      const fail = () => reject(new TypeError("Failed to fetch"));
      signal?.addEventListener("abort", () => {
        if (isOver) return;
        isOver = true;
        this.#flights.delete(flight);
        this.#journal.note(tab.name, () => `aborts its ${path}`);
        this.onAbort(flight);
        reject(signal.reason);
      });
      if (!this.#computer.isOnline) {
        land(5, fail);
        return;
      }
      this.#journal.note(tab.name, () => `sends ${path}`);
      if (path === "refresh") {
        this.onRefresh(flight, this.#flights);
        this.#flights.add(flight);
      }
      const there = this.#choices.delay(`${place} there`, 20, SLOWEST);
      const late =
        path === "refresh" && this.#settings.grace > 0 && this.#choices.mishap(`${place} late`, 0.05);
      const back = late
        ? LATE + this.#choices.share(`${late} ms`) * (LATEST - LATE)
        : this.#choices.delay(`${place} back`, 20, SLOWEST);
      // The more often, since here a tab holds what the others wait for.
      this.#mishaps.at(tab, path, there + back, 0.1);
      if (path === "refresh" && this.#choices.mishap(`${place} lost`, 0.03)) {
        land(there, fail);
        return;
      }
      this.#scheduler.schedule(there, () => {
        const answer = this.#answer(request, cookie, place);
        this.#journal.note("server", () => `answers ${tab.name}'s ${path} ${answer.status}`);
        const isLost =
          path === "refresh" &&
          this.#settings.grace > 0 &&
          this.#choices.mishap(`${place} answer lost`, 0.02);
        if (isLost) {
          this.onLoss();
          land(back, fail);
          return;
        }
        this.#scheduler.schedule(back, () => {
          const isKept = !signal?.aborted;
          if (isKept) this.#keepCookie(answer);
          if (answer.status === 200 && (!isKept || tab.isGone)) this.onLoss();
        });
        land(back, () => {
          const { token } = answer.body;
          if (token) this.received.set(token, this.#scheduler.time);
          if (token) this.askedFor.set(token, sentAt);
          resolve(answer);
          if (answer.status === 200) flight.grantedAt = this.#scheduler.time;
          if (path === "refresh") this.onAnswer(flight);
        });
      });
    });
  }

  #answer(request: Request, cookie: string | undefined, place: string): Answer {
    if (request.path === "login")
      return this.#server.login(request.user, request.beside ? undefined : cookie);
    const token = holdsRefreshToken(this.#settings.keeping) ? request.refreshToken : cookie;
    if (request.path === "logout") return this.#server.logout(token);
    return this.#choices.mishap(`${place} 503`, 0.03)
      ? { status: 503, body: {}, issued: 0 }
      : this.#server.refresh(token);
  }

  /** In the order in which the server has set them, since no client could put that right. */
  #keepCookie({ cookie, issued }: Answer): void {
    if (cookie === undefined || issued < this.#computer.cookie.issued) return;
    this.#computer.cookie = { value: cookie ?? undefined, issued };
  }
}
