import type { ServerKind } from "./server/protection.ts";
import { Site } from "./site.ts";

/** The servers of one scenario, started when they are wanted. */
export class Sites {
  readonly #started = new Map<ServerKind, Promise<Site>>();

  get(kind: ServerKind): Promise<Site> {
    const site = this.#started.get(kind) ?? Site.start(kind);
    this.#started.set(kind, site);
    return site;
  }

  async close(): Promise<void> {
    for (const site of this.#started.values()) await (await site).close();
  }
}
