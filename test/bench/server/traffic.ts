import { userRoom } from "authsocket/server";
import type { Namespace, Socket } from "socket.io";

/** What one user sent, and was sent, in one namespace. */
export interface TrafficRecord {
  /** the numbers of the events that arrived */
  up: number[];
  /** and of those that asked for an acknowledgement */
  asked: number[];
  /** how many events were sent, numbered from 0 */
  down: number;
  /** how often the server disconnected the user, whose token had run out */
  cuts: number;
}

/** ms between two events */
const PERIOD = 5;

/** The app: numbered events, so that a loss can be seen. */
export class Traffic {
  readonly #records = new Map<string, TrafficRecord>();

  record(user: string, namespace: string): TrafficRecord {
    const key = `${user} ${namespace}`;
    const found = this.#records.get(key) ?? { up: [], asked: [], down: 0, cuts: 0 };
    this.#records.set(key, found);
    return found;
  }

  serve(namespace: Namespace): void {
    const loads = new Map<string, () => void>();
    namespace.on("connection", (socket: Socket) => {
      const user: string = socket.data.auth.subject;
      const record = this.record(user, namespace.name);
      socket.on("disconnect", (reason) => {
        if (reason === "server namespace disconnect") record.cuts++;
      });
      socket.on("up", (number: number) => record.up.push(number));
      socket.on("ask", (number: number, answer: () => void) => {
        record.asked.push(number);
        answer();
      });
      socket.on("echo", (value: unknown, answer: (value: unknown) => void) => answer(value));
      socket.on("begin", (duration: number) => {
        // To the user's room and not to the socket, as apps do: a client that is not connected misses it.
        const send = () => namespace.to(userRoom(user)).emit("down", record.down++);
        loads.set(user, every(PERIOD, duration, send));
      });
      socket.on("end", (answer: () => void) => {
        loads.get(user)?.();
        answer();
      });
    });
  }
}

/** Works for so many ms at most. Returns how to stop it earlier. */
function every(period: number, duration: number, work: () => void): () => void {
  const timer = setInterval(work, period);
  const end = setTimeout(() => clearInterval(timer), duration);
  return () => {
    clearInterval(timer);
    clearTimeout(end);
  };
}
