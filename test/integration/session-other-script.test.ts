import { memoryStore } from "authsocket";
import { describe, expect, it } from "vitest";
import { issueToken } from "../support/auth-server.ts";
import { VirtualServer } from "../support/virtual-server.ts";
import { VirtualTime } from "../support/virtual-time.ts";

const ENDPOINT = "https://virtual.test/refresh";

/** ms */
const LIFETIME = 20_000;
const ROUNDS = 1_000;

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A refresh endpoint with a one-time cookie: what was used is refused, and nothing else comes of it. */
class OneTimeCookies {
  /** What the browser holds. */
  cookie = 0;
  /** The number of the one that is good. */
  granted = 0;
  readonly #latency: () => number;

  constructor(latency: () => number) {
    this.#latency = latency;
  }

  /** A request of whatever script of the page. */
  readonly fetch = async (): Promise<Response> => {
    const sent = this.cookie;
    await pause(this.#latency());
    const isGood = sent === this.granted;
    if (isGood) this.granted++;
    const next = this.granted;
    await pause(this.#latency());
    if (!isGood) return new Response("{}", { status: 401 });
    this.cookie = next;
    return new Response(JSON.stringify({ token: issueToken({ lifetime: LIFETIME }) }));
  };
}

describe("another script of the site that refreshes at the same endpoint", () => {
  it.each([
    ["a near server", () => 5 + Math.random() * 40],
    ["a far server", () => 100 + Math.random() * 150],
    ["a line that is now fast, now slow", () => 5 + Math.random() ** 3 * 900],
  ])("B6 %s: never signed out in a thousand rounds with a one-time cookie", async (_, latency) => {
    const time = new VirtualTime();
    const server = new VirtualServer(time);
    const site = new OneTimeCookies(latency);
    const store = memoryStore({ accessToken: issueToken({ lifetime: LIFETIME }) });
    const auth = server.connect({ session: { refresh: ENDPOINT, fetch: site.fetch, store } });
    let signedOut = 0;
    let collided = 0;
    auth.session.subscribe(({ status, error }) => {
      if (status === "signedOut") signedOut++;
      if (status === "waiting" && error?.code === "refresh_failed") collided++;
    });
    for (let round = 0; round < ROUNDS; round++) {
      // The more often close to when the session does it.
      const { expiresAt = 0 } = auth.session.state;
      const near = expiresAt - Date.now() - LIFETIME * 0.25 + Math.random() * LIFETIME * 0.1;
      const moment = Math.random() < 0.2 ? Math.random() * LIFETIME : near;
      await time.pass(Math.max(moment, 0));
      void site.fetch();
      // Twice within one collision is more than one more try can tell from the end (B6).
      await time.pass(5_000);
    }
    expect(signedOut).toBe(0);
    expect(collided).toBeGreaterThan(4);
    expect(server.connects).toHaveLength(1);
  });
});
