import type { ServerKind } from "./server/protection.ts";
import { Site } from "./site.ts";

/** The servers of one scenario, started when they are first needed. */
export class Sites {
  readonly #started = new Map<string, Promise<Site>>();

  /** @param use what it is for; every use has its own server. default: one for all */
  get(kind: ServerKind, use = ""): Promise<Site> {
    const key = `${kind} ${use}`;
    const site = this.#started.get(key) ?? Site.start(kind);
    this.#started.set(key, site);
    return site;
  }

  async close(): Promise<void> {
    for (const site of this.#started.values()) await (await site).close();
  }
}
