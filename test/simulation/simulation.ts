import type { Platform } from "../../src/client/platform/platform.ts";
import { Choices } from "./choices.ts";
import { Computer } from "./computer.ts";
import { IdentitySdk } from "./identity-sdk.ts";
import { Invariants } from "./invariants.ts";
import { type Breach, Journal } from "./journal.ts";
import { LeaseDesk } from "./lease-desk.ts";
import { Mishaps } from "./mishaps.ts";
import { Neighbour, NeighbourServer } from "./neighbour.ts";
import { Network } from "./network.ts";
import { ENDPOINT, ListenerError, Page } from "./page.ts";
import { People } from "./people.ts";
import { RotatingServer } from "./rotating-server.ts";
import { Scheduler } from "./scheduler.ts";
import { describeSettings, drawSettings, sharesStore } from "./settings.ts";
import { SocketServer } from "./socket-server.ts";
import { StorageService } from "./storage.ts";
import { StoreFaults } from "./store-faults.ts";
import { Tab } from "./tab.ts";
import { borrowTimers } from "./timers.ts";
import { Wires } from "./wires.ts";

/** ms of people and mishaps, and of calm after them: at the least, and until all tabs have to agree. */
const [BUSY, CALM, AGREED] = [30_000, 4_000, 150_000];

/** What came of a run. */
export interface Outcome {
  seed: number;
  settings: string;
  /** Undefined where every rule was kept. */
  breach: Breach | undefined;
  /** The names of what was out of the ordinary. */
  decisions: string[];
  lines: string[];
  /** how many things happened */
  steps: number;
}

/**
 * Runs one schedule, and stops at the first rule that is broken.
 *
 * @param only what may be out of the ordinary; default: whatever the seed brings
 * @param isTold whether a line is kept for what happens
 */
export async function simulate(seed: number, only?: ReadonlySet<string>, isTold = false): Promise<Outcome> {
  const choices = new Choices(seed, only);
  const settings = drawSettings(choices);
  choices.hasMishaps = settings.mishaps;
  const scheduler = new Scheduler();
  const journal = new Journal(scheduler, isTold);
  const mishaps = new Mishaps(scheduler, choices);
  const world = { scheduler, choices, journal, mishaps };
  const computer = new Computer(scheduler);
  const server = new RotatingServer(scheduler, settings, journal);
  const sockets = new SocketServer(world, settings, server.accounts);
  const neighbours = new NeighbourServer(scheduler, choices, journal, settings);
  const network = new Network(world, computer, server, settings);
  const storage = new StorageService(scheduler, choices, journal);
  const desk = new LeaseDesk(scheduler, choices, mishaps, journal);
  const sdk = new IdentitySdk(world, computer, network);
  const wires = new Wires(scheduler, choices, computer, sockets);
  const pages: Page[] = [];
  const userOf = (token: string | undefined) => server.accounts.find(token)?.signIn.subject;

  const open = (original?: Page) => {
    const tab = new Tab(`tab ${++opened}`, scheduler, choices, journal);
    // The browser copies sessionStorage at once; a tab that is opened by itself begins with a sign-in of its own.
    const isAlone = settings.keeping === "perTab" && !original;
    const own = isAlone
      ? storage.openOwn(server.login("alice").body, computer.now())
      : original?.storage?.duplicate();
    const copied = own?.getItem("authToken") ?? undefined;
    const first = original ? userOf(copied) : "alice";
    scheduler.schedule(
      1,
      () => {
        journal.note(tab.name, () => (original ? `is a duplicate of ${original.tab.name}` : "is opened"));
        const board = desk.boardOf(tab);
        const platform: Platform = {
          now: () => computer.now(),
          setTimeout: tab.setTimeout,
          clearTimeout: tab.clearTimeout,
          random: () => choices.next(`${tab.name} random`),
          fetch: () => Promise.reject(new TypeError("each session has a fetch of its own")),
          onWakeUp: tab.onWakeUp,
          location: () => undefined,
          leases: () => board,
          warn: () => {},
          report: (error) => {
            if (!(error instanceof ListenerError)) journal.report("B9", `${tab.name} reports ${error}`);
          },
        };
        const area = sharesStore(settings.keeping) ? storage.open(tab) : own;
        const endpoint = settings.neighbour === "endpoint" ? ENDPOINT : undefined;
        const neighbour = settings.neighbour && new Neighbour(tab, platform, world, neighbours, endpoint);
        const faults =
          settings.storeFaults && new StoreFaults(tab, world, (tokens) => invariants.loses(tab, tokens));
        const parts = { tab, platform, storage: area, faults, neighbour, first };
        const page = new Page(parts, { ...world, settings, network, wires, sdk, userOf });
        pages.push(page);
        // As React's StrictMode does, in mid-refresh.
        const strict = choices.strikes(`${tab.name} strict`, 0.2);
        if (strict) tab.setTimeout(() => page.remake(scheduler.time), choices.share(`${strict} ms`) * 60);
      },
      tab,
    );
  };
  let opened = 0;
  const people = new People({ ...world, computer, network, wires, settings, sdk, pages, open });
  const invariants = new Invariants({
    ...world,
    computer,
    settings,
    server,
    sockets,
    network,
    storage,
    desk,
    neighbours,
    wires,
    pages,
    people,
  });

  // Alice has signed in once upon a time.
  const { cookie, body, issued } = server.login("alice");
  computer.cookie = { value: cookie ?? undefined, issued };
  if (settings.keeping === "held" || (settings.keeping === "cookie" && choices.share("stored") < 0.7)) {
    storage.begin(body);
  }
  if (settings.keeping === "source") sdk.hasUser("alice", body);
  for (let count = 0; count < settings.tabs; count++) open();

  let steps = 0;
  const run = async (until: number, isDone: () => boolean) => {
    while (!journal.breach && !isDone() && (await scheduler.step(until))) {
      steps++;
      invariants.check();
    }
  };
  const unhandled = (reason: unknown) => journal.report("B9", `a rejection that nobody handles: ${reason}`);
  process.on("unhandledRejection", unhandled);
  const giveBack = borrowTimers(() => (scheduler.current instanceof Tab ? scheduler.current : undefined));
  try {
    await run(BUSY, () => false);
    choices.isCalm = true;
    people.setOnline(true);
    for (const { tab } of pages) tab.thaw();
    await run(BUSY + CALM, () => false);
    // B27: a fresh token that is refused too, and of whose end nobody has told, is refreshed five minutes later.
    const agreed = AGREED + (settings.telling === "nothing" ? 300_000 : 0);
    await run(BUSY + agreed, () => invariants.disagreement() === undefined);
  } catch (error) {
    journal.report("B9", `something throws: ${error}`);
  } finally {
    giveBack();
    process.off("unhandledRejection", unhandled);
  }
  const disagreement = invariants.disagreement();
  if (disagreement) journal.report("convergence", disagreement);
  const { breach, lines } = journal;
  return { seed, settings: describeSettings(settings), breach, decisions: choices.made, lines, steps };
}
