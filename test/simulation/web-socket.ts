import { WebSocket as WebSocketTransport } from "socket.io-client";
import type { Choices } from "./choices.ts";
import type { Computer } from "./computer.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tab } from "./tab.ts";

/** ms one way, at most. */
const SLOWEST = 400;

/** The server's side of a WebSocket. */
export interface Line {
  readonly tab: Tab;
  /** Whether what is sent will be heard. */
  readonly isOpen: boolean;
  /** What has arrived is handed to this. */
  onMessage: (text: string) => void;
  onClose: () => void;
  send(text: string): void;
  /** The network drops it; both ends hear of it. */
  drop(): void;
}

/** A tab's side, as engine.io-client uses it. */
class SimulatedWebSocket {
  onopen: () => void = () => {};
  onmessage: (event: { data: string }) => void = () => {};
  onclose: (event: object) => void = () => {};
  onerror: (event: object) => void = () => {};
  binaryType = "blob";
  send: (text: string) => void = () => {};
  close: () => void = () => {};
}

/** WebSockets between tabs and a server, under Socket.IO's own client. */
export class Wires {
  readonly lines = new Set<Line>();
  /** Told of each message of a tab's, as it departs. */
  onSend: (tab: Tab, text: string) => void = () => {};
  readonly #scheduler: Scheduler;
  readonly #choices: Choices;
  readonly #computer: Computer;
  readonly #accept: (line: Line) => void;
  #count = 0;

  /** @param accept called with each new connection */
  constructor(scheduler: Scheduler, choices: Choices, computer: Computer, accept: (line: Line) => void) {
    this.#scheduler = scheduler;
    this.#choices = choices;
    this.#computer = computer;
    this.#accept = accept;
  }

  /** The transport for Socket.IO in a tab. */
  transportOf(tab: Tab): typeof WebSocketTransport {
    const open = () => this.#open(tab);
    return class extends WebSocketTransport {
      override createSocket(): SimulatedWebSocket {
        return open();
      }

      override doWrite(_: unknown, data: string): void {
        this.ws.send(data);
      }
    };
  }

  #open(tab: Tab): SimulatedWebSocket {
    const near = new SimulatedWebSocket();
    const wire = `${tab.name} wire`;
    const [up, down] = [`${wire} ${++this.#count} up`, `${wire} ${this.#count} down`];
    let isOpen = true;
    const toTab = (run: () => void) =>
      this.#scheduler.schedule(this.#choices.delay(`${wire} down`, 10, SLOWEST), run, tab, down);
    const toServer = (run: () => void) =>
      this.#scheduler.schedule(this.#choices.delay(`${wire} up`, 10, SLOWEST), run, undefined, up);
    /** @param byTab which needs not be told, but whose last messages arrive */
    const end = (byTab: boolean) => {
      if (!isOpen) return;
      isOpen = false;
      this.lines.delete(line);
      tab.endings.delete(vanish);
      toServer(() => line.onClose());
      toTab(() => near.onclose({}));
      if (byTab) near.onmessage = () => {};
    };
    const vanish = () => end(true);
    const line: Line = {
      tab,
      get isOpen() {
        return isOpen;
      },
      onMessage: () => {},
      onClose: () => {},
      send: (text) => {
        if (isOpen) toTab(() => near.onmessage({ data: text }));
      },
      drop: () => end(false),
    };
    near.send = (text) => {
      if (!isOpen) return;
      this.onSend(tab, text);
      toServer(() => line.onMessage(text));
    };
    near.close = () => end(true);
    tab.endings.add(vanish);
    if (!this.#computer.isOnline) {
      isOpen = false;
      tab.setTimeout(() => near.onerror({}), 5);
      return near;
    }
    this.lines.add(line);
    toServer(() => {
      if (!isOpen) return;
      toTab(() => near.onopen());
      this.#accept(line);
    });
    return near;
  }
}
