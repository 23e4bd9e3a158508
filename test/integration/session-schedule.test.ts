import { AuthSession, AuthSocket, memoryStore, type TokenSet } from "authsocket";
import * as fc from "fast-check";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { issueToken, Refusal, startAuthServer } from "../support/auth-server.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { untilStatus } from "../support/states.ts";
import { holdToken } from "../support/token-holder.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A held session whose store has a token of that lifetime, and the instants of its renewals in ms from its start. */
function heldSession(lifetime: number, options: { leeway?: number; jitter?: number; chance?: number } = {}) {
  const { chance = 0, ...timing } = options;
  const platform = new ManualPlatform();
  platform.chance = chance;
  const start = platform.now();
  const renewals: number[] = [];
  const reasons: string[] = [];
  const session = new AuthSession(
    {
      refresh: async ({ reason }) => {
        renewals.push(platform.now() - start);
        reasons.push(reason);
        return timedToken(platform.now(), lifetime);
      },
      store: memoryStore({ accessToken: timedToken(start, lifetime), expiresAt: start + lifetime }),
      ...timing,
    },
    platform,
  );
  const release = holdToken(session);
  return { platform, session, renewals, reasons, release };
}

describe("the schedule of renewals", () => {
  it("B4 a renewal is due a fifth of a short lifetime before expiry", async () => {
    const { platform, renewals, reasons } = heldSession(100_000);
    await platform.advance(79_999);
    expect(renewals).toEqual([]);
    await platform.advance(1);
    expect(renewals).toEqual([80_000]);
    expect(reasons).toEqual(["expiring"]);
  });

  it("B5 a renewal goes by the lifetime that the server told, where the token's claims say more", async () => {
    const { platform, session, renewals } = heldSession(15 * MINUTE);
    await session.signIn({ token: timedToken(platform.now(), 15 * MINUTE, { jti: 2 }), expiresIn: 60 });
    await platform.advance(MINUTE - 1);
    expect(renewals).toEqual([48_000]);
  });

  it("B4 a renewal is due a minute before the expiry of a long lifetime", async () => {
    const { platform, renewals } = heldSession(15 * MINUTE);
    await platform.advance(15 * MINUTE - 1);
    expect(renewals).toEqual([14 * MINUTE]);
  });

  it("B4 jitter spreads renewals over its share of the lifetime", async () => {
    const { platform, renewals } = heldSession(100_000, { chance: 0.5 });
    await platform.advance(79_999);
    // expiresAt − leeway − random(jitter × lifetime) = 100 − 20 − 0.5 × 0.1 × 100 s
    expect(renewals[0]).toBe(75_000);
  });

  it("B4 a leeway and a jitter of 0 are values: the renewal is due at expiry", async () => {
    const { platform, renewals, reasons } = heldSession(100_000, { leeway: 0, jitter: 0, chance: 0.9 });
    await platform.advance(99_999);
    expect(renewals).toEqual([]);
    await platform.advance(1);
    expect(renewals).toEqual([100_000]);
    expect(reasons).toEqual(["expired"]);
  });

  it("B4 a leeway longer than the lifetime does not renew without end", async () => {
    const { platform, renewals } = heldSession(60_000, { leeway: 10 * MINUTE });
    await platform.advance(10 * MINUTE);
    expect(renewals.length).toBeGreaterThan(0);
    expect(renewals.length).toBeLessThanOrEqual(20);
  });

  it("B4 a token of five seconds is renewed before it expires, for two minutes on end", async () => {
    const { platform, renewals, reasons } = heldSession(5_000, { chance: 0.5 });
    await platform.advance(2 * MINUTE);
    expect(new Set(reasons)).toEqual(new Set(["expiring"]));
    expect(renewals.length).toBeLessThanOrEqual(48);
  });

  it("B4 the wall clock is looked at once a minute at least, and no timer is of 2^31 ms or more", async () => {
    const { platform } = heldSession(60 * DAY);
    await platform.advance(10 * MINUTE);
    expect(Math.max(...platform.delays)).toBeLessThanOrEqual(MINUTE);
    expect(platform.delays.length).toBeLessThan(30);
  });

  it("T19 a token of sixty days is not renewed on its first day, and is before its last is over", async () => {
    const { platform, renewals } = heldSession(60 * DAY);
    await platform.advance(DAY);
    expect(renewals).toEqual([]);
    platform.jump(59 * DAY - 2 * MINUTE); // the machine was off
    await platform.advance(2 * MINUTE);
    expect(renewals).toHaveLength(1);
  });

  it("T19 a token of sixty days that has just been received is renewed once only", async () => {
    const platform = new ManualPlatform();
    let refreshes = 0;
    const session = new AuthSession(
      {
        refresh: async () => {
          refreshes++;
          return timedToken(platform.now(), 60 * DAY);
        },
        store: memoryStore(),
      },
      platform,
    );
    holdToken(session);
    await platform.advance(60 * MINUTE);
    expect(refreshes).toBe(1);
  });

  it("B4 a machine that has slept past the renewal renews when it wakes up, not a minute later", async () => {
    const { platform, renewals } = heldSession(15 * MINUTE);
    platform.jump(14.5 * MINUTE);
    expect(renewals).toEqual([]);
    await platform.wake();
    expect(renewals).toEqual([14.5 * MINUTE]);
  });

  it("B4 a machine that has slept past the renewal renews within a minute where no event tells of it", async () => {
    const { platform, renewals } = heldSession(15 * MINUTE);
    platform.jump(14.5 * MINUTE);
    await platform.advance(MINUTE);
    expect(renewals).toHaveLength(1);
  });

  it("B4 nothing is renewed, and no timer or wake-up event waited for, while nobody needs the token", async () => {
    const { platform, renewals, release } = heldSession(100_000);
    expect(platform.pending).toEqual({ timers: 1, listeners: 1 });
    release();
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
    await platform.advance(200_000);
    expect(renewals).toEqual([]);
  });

  it("B4 an idle socket is no reason to renew, a connected one is", async () => {
    const server = await startAuthServer();
    const platform = new ManualPlatform();
    let refreshes = 0;
    const refresh = async (): Promise<TokenSet> => {
      refreshes++;
      return { accessToken: issueToken({ lifetime: 100_000 }), expiresAt: platform.now() + 100_000 };
    };
    const session = new AuthSession({ refresh, store: memoryStore() }, platform);
    const auth = new AuthSocket(server.url, { session, autoConnect: false });
    onTestFinished(() => {
      auth.dispose();
      session.dispose();
    });
    await platform.advance(100_000);
    expect(refreshes).toBe(0);
    auth.connect();
    await untilStatus(auth, "connected");
    expect(refreshes).toBe(1);
    await platform.advance(99_000);
    expect(refreshes).toBe(2);
    auth.disconnect();
    await platform.advance(200_000);
    expect(refreshes).toBe(2);
    expect(platform.pending).toEqual({ timers: 0, listeners: 0 });
  });

  it("B4 a refused socket is a reason to renew: it is tried again with each newer token", async () => {
    const server = await startAuthServer();
    server.admit = () => {
      throw new Refusal("no", { code: "insufficient_scope" });
    };
    const platform = new ManualPlatform();
    const issue = (): TokenSet => ({
      accessToken: issueToken({ lifetime: 100_000 }),
      expiresAt: platform.now() + 100_000,
    });
    const refresh = vi.fn(async () => issue());
    const session = new AuthSession({ refresh, store: memoryStore(issue()) }, platform);
    const auth = new AuthSocket(server.url, { session });
    onTestFinished(() => {
      auth.dispose();
      session.dispose();
    });
    await untilStatus(auth, "refused");
    for (let renewals = 1; renewals <= 3; renewals++) {
      await platform.advance(80_000);
      await server.until(() => server.connects.length === renewals + 1);
      await server.quiet();
      expect(auth.state.status).toBe("refused");
      expect(refresh).toHaveBeenCalledTimes(renewals);
    }
    server.admit = () => {};
    await platform.advance(80_000);
    await untilStatus(auth, "connected");
  });

  it("B4 whatever leeway, jitter and chance, a token is renewed after half its life at the earliest and by its end", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2_000, max: 120_000 }),
        fc.integer({ min: 0, max: 200_000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        async (lifetime, leeway, jitter, chance) => {
          const { platform, renewals, session } = heldSession(lifetime, { leeway, jitter, chance });
          await platform.advance(lifetime);
          session.dispose();
          expect(renewals[0]).toBeGreaterThanOrEqual(Math.floor(lifetime / 2));
          expect(renewals[0]).toBeLessThanOrEqual(lifetime);
        },
      ),
      { numRuns: 100 },
    );
  });
});
