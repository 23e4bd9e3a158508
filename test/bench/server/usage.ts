import type { Server, Socket } from "node:net";

/** What a server has cost since it was started. */
export interface UsageRecord {
  /** ms of the processor's time, of the whole process */
  cpu: number;
  /** on the wire, both ways */
  bytes: number;
}

/** The heap in use, after a garbage collection. */
export function heapInUse(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Measures what a server uses. Clients ask for it while they work, by GET /usage. */
export class Usage {
  readonly #open = new Set<Socket>();
  /** on connections that are closed */
  #bytes = 0;

  /** @param server its connections are counted too, from now on */
  watch(server: Server): void {
    server.on("connection", (socket: Socket) => {
      this.#open.add(socket);
      socket.once("close", () => {
        this.#open.delete(socket);
        this.#bytes += bytesOf(socket);
      });
    });
  }

  soFar(): UsageRecord {
    const { user, system } = process.cpuUsage();
    const bytes = [...this.#open].reduce((sum, socket) => sum + bytesOf(socket), this.#bytes);
    return { cpu: (user + system) / 1_000, bytes };
  }
}

function bytesOf({ bytesRead, bytesWritten }: Socket): number {
  return bytesRead + bytesWritten;
}
