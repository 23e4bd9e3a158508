import { type Carrier, type ClientEnd, type End, Line } from "../../src/testing/wire/line.ts";
import { type Dialled, memoryTransport } from "../../src/testing/wire/memory-transport.ts";
import type { Choices } from "./choices.ts";
import type { Computer } from "./computer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/** ms one way, at most. */
const SLOWEST = 400;

/** The lines between tabs and a server, which take their time and break, under Socket.IO's own client. */
export class Wires {
  /** Told of each packet of a tab's, as it departs. */
  onSend: (tab: Tab, packet: string) => void = () => {};
  readonly #lines = new Map<Line, Tab>();
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #computer: Computer;
  readonly #accept: (tab: Tab, line: Line) => End;
  readonly #onHear: (tab: Tab, packet: string) => void;
  #count = 0;

  /** @param server its end of each new line, and told of each packet that has reached a tab */
  constructor(
    scheduler: Scheduler,
    choices: Choices,
    computer: Computer,
    server: { accept(tab: Tab, line: Line): End; wasHeard(tab: Tab, packet: string): void },
  ) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#computer = computer;
    this.#accept = (tab, line) => server.accept(tab, line);
    this.#onHear = (tab, packet) => server.wasHeard(tab, packet);
  }

  /** The transport for Socket.IO in a tab. */
  transportOf(tab: Tab): ReturnType<typeof memoryTransport> {
    return memoryTransport((end) => this.#dial(tab, end));
  }

  /** The network breaks lines; both ends hear of it. */
  drop(isMeant: (tab: Tab) => boolean = () => true): void {
    for (const [line, tab] of [...this.#lines]) {
      if (!isMeant(tab)) continue;
      line.break();
    }
  }

  #dial(tab: Tab, end: ClientEnd): Dialled | undefined {
    if (!this.#computer.isOnline) {
      tab.setTimeout(() => end.failed(), 5);
      return undefined;
    }
    const over = () => {
      this.#lines.delete(line);
      tab.endings.delete(hangUp);
    };
    const heard: ClientEnd = {
      ...end,
      heard: (packet) => {
        this.#onHear(tab, String(packet.data));
        end.heard(packet);
      },
      closed: () => {
        over();
        end.closed();
      },
    };
    const line = new Line(this.#carrier(tab), heard, (line) => this.#accept(tab, line));
    const hangUp = () => {
      over();
      line.hangUp();
    };
    // A tab that crashes leaves what it has sent.
    tab.endings.add(hangUp);
    this.#lines.set(line, tab);
    line.open();
    return {
      toServer: (packet) => {
        this.onSend(tab, String(packet.data));
        line.toServer(packet);
      },
      hangUp,
    };
  }

  #carrier(tab: Tab): Carrier {
    const wire = `${tab.name} wire`;
    const [up, down] = [`${wire} ${++this.#count} up`, `${wire} ${this.#count} down`];
    return (to, deliver) => {
      if (to === "client") {
        this.#scheduler.schedule(this.#choices.delay(`${wire} down`, 10, SLOWEST), deliver, tab, down);
      } else {
        this.#scheduler.schedule(this.#choices.delay(`${wire} up`, 10, SLOWEST), deliver, undefined, up);
      }
    };
  }
}
