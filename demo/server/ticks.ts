import type { TicksAnswer } from "../socket-events.ts";
import { acknowledge, type DemoIo, type DemoSocket } from "./demo-io.ts";

/** How many ticks are kept for a client that has been away. */
const KEPT = 300;

interface TickStream {
  latest: number;
  kept: number[];
}

const room = (subject: string): string => `ticks:${subject}`;

/**
 * Numbered events to each signed-in user, replayed from where the client left off. The numbers go on where they stopped
 * when a user signs in again.
 */
export class Ticks {
  readonly #io: DemoIo;
  readonly #streams = new Map<string, TickStream>();
  readonly #timer: NodeJS.Timeout;

  /**
   * @param options.subjects who gets ticks at this moment
   * @param options.interval in ms
   */
  constructor(io: DemoIo, options: { subjects: () => Iterable<string>; interval: number }) {
    this.#io = io;
    this.#timer = setInterval(() => {
      for (const subject of options.subjects()) this.#tick(subject);
    }, options.interval);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  serve(socket: DemoSocket): void {
    const { subject } = socket.data.identity;
    socket.on("ticks", (after: unknown, reply: unknown) => {
      const { latest, kept } = this.#stream(subject);
      // A number that has not been reached is from before the server started anew.
      const last = typeof after === "number" && after >= 0 && after <= latest ? after : latest;
      // Replay and joining are one synchronous step: no tick can fall between them or arrive twice.
      const missed = kept.filter((n) => n > last);
      for (const n of missed) socket.emit("tick", n);
      void socket.join(room(subject));
      acknowledge<TicksAnswer>(reply)({ from: missed[0] ?? latest + 1 });
    });
  }

  #stream(subject: string): TickStream {
    let stream = this.#streams.get(subject);
    if (!stream) {
      stream = { latest: 0, kept: [] };
      this.#streams.set(subject, stream);
    }
    return stream;
  }

  #tick(subject: string): void {
    const stream = this.#stream(subject);
    stream.latest += 1;
    stream.kept.push(stream.latest);
    if (stream.kept.length > KEPT) stream.kept.shift();
    this.#io.to(room(subject)).emit("tick", stream.latest);
  }
}
