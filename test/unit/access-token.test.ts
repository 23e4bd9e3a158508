import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  defaultSubject,
  type ReadingContext,
  remeasured,
  toAccessToken,
} from "../../src/client/token/access-token.ts";
import { timedToken, unsignedJwt } from "../support/unsigned-jwt.ts";

const NOW = Date.UTC(2026, 0, 1);

function context(more: Partial<ReadingContext> = {}): ReadingContext {
  return {
    now: NOW,
    random: 0,
    origin: "received",
    leeway: undefined,
    jitter: 0.1,
    subject: defaultSubject,
    ...more,
  };
}

describe("an access token", () => {
  it("B4 is due at expiresAt − leeway − random(jitter × lifetime)", () => {
    const accessToken = timedToken(NOW, 1_000_000);
    const due = (more: Partial<ReadingContext>) => toAccessToken({ accessToken }, context(more)).renewAt;
    expect(due({})).toBe(NOW + 940_000);
    expect(due({ leeway: 100_000 })).toBe(NOW + 900_000);
    expect(due({ random: 0.5 })).toBe(NOW + 890_000);
    expect(due({ random: 0.5, jitter: 0 })).toBe(NOW + 940_000);
    expect(due({ leeway: 0, jitter: 0 })).toBe(NOW + 1_000_000);
    expect(due({ leeway: 5_000_000, jitter: 0 })).toBe(NOW + 500_000);
  });

  it("B4 renewals are spread also where half of what is left is too short for leeway and jitter", () => {
    const stored = { accessToken: timedToken(NOW - 700_000, 900_000) };
    const chances = Array.from({ length: 1_000 }, (_, client) => client / 1_000);
    const perTick = (renewals: (number | undefined)[]) => {
      const ticks = new Map<number, number>();
      for (const at of renewals) {
        const tick = Math.floor(Number(at) / 100);
        ticks.set(tick, (ticks.get(tick) ?? 0) + 1);
      }
      return Math.max(...ticks.values());
    };
    const told = chances.map((random) => {
      const grant = toAccessToken(stored, context({ origin: "held", random }));
      return remeasured(grant, NOW + 120_000, context({ random })).renewAt;
    });
    const impatient = chances.map(
      (random) => toAccessToken(stored, context({ random, leeway: 2_000_000 })).renewAt,
    );
    expect(perTick(told)).toBeLessThan(10);
    expect(perTick(impatient)).toBeLessThan(10);
    expect(Math.min(...told.map(Number))).toBeGreaterThanOrEqual(NOW + 60_000);
  });

  it("B5 a token just received is good for exp − iat from now, whatever the clocks say", () => {
    for (const skew of [-7_200_000, 0, 7_200_000]) {
      const { expiresAt, lifetime } = toAccessToken(
        { accessToken: timedToken(NOW + skew, 900_000) },
        context(),
      );
      expect({ expiresAt, lifetime }).toEqual({ expiresAt: NOW + 900_000, lifetime: 900_000 });
    }
  });

  it("B5 a stored token goes by its receipt, else by exp and at most for its lifetime", () => {
    const given = (tokens: { accessToken: string; expiresAt?: number }) =>
      toAccessToken(tokens, context({ origin: "held" })).expiresAt;
    const old = timedToken(NOW - 600_000, 900_000);
    expect(given({ accessToken: old })).toBe(NOW + 300_000);
    expect(given({ accessToken: old, expiresAt: NOW + 5 })).toBe(NOW + 5);
    expect(given({ accessToken: timedToken(NOW + 7_200_000, 900_000) })).toBe(NOW + 900_000);
    expect(given({ accessToken: "opaque" })).toBeUndefined();
  });

  it.each<[string, Record<string, unknown>]>([
    ["exp before iat", { iat: NOW / 1000, exp: NOW / 1000 - 60 }],
    ["exp that is a text", { exp: "tomorrow" }],
    ["exp that is null", { exp: null }],
    ["no exp", { iat: NOW / 1000 }],
  ])("B5 a fresh token with %s has no known expiry, and is not renewed without end", (_, claims) => {
    const grant = toAccessToken({ accessToken: unsignedJwt(claims) }, context());
    expect(grant).not.toHaveProperty("expiresAt");
    expect(grant).not.toHaveProperty("renewAt");
  });

  it("B5 a fresh token's renewal is never due at once, however its expiries contradict each other", async () => {
    const instant = fc.integer({ min: -10_000_000, max: 10_000_000 });
    await fc.assert(
      fc.property(
        fc.record({ iat: instant, exp: instant }, { requiredKeys: [] }),
        fc.option(fc.integer({ min: 1, max: 10_000_000 }), { nil: undefined }),
        fc.integer({ min: 0, max: 10_000_000 }),
        ({ iat, exp }, expiresIn, leeway) => {
          const seconds = (ms: number | undefined) => (ms === undefined ? undefined : (NOW + ms) / 1000);
          const accessToken = unsignedJwt({ iat: seconds(iat), exp: seconds(exp) });
          const tokens = { accessToken, ...(expiresIn !== undefined && { expiresAt: NOW + expiresIn }) };
          const { renewAt = NOW + 1, expiresAt = renewAt } = toAccessToken(tokens, context({ leeway }));
          expect(renewAt).toBeGreaterThan(NOW);
          expect(renewAt).toBeLessThanOrEqual(expiresAt);
        },
      ),
    );
  });

  it("S5 whatever the claims and the text of a token, it is read", async () => {
    const token = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), fc.base64String(), fc.string()).map((parts) => parts.join(".")),
      fc.jsonValue().map(unsignedJwt),
      fc.record({ exp: fc.jsonValue(), iat: fc.jsonValue(), sub: fc.jsonValue() }).map(unsignedJwt),
    );
    await fc.assert(
      fc.property(token, fc.constantFrom("held" as const, "received" as const), (accessToken, origin) => {
        const grant = toAccessToken({ accessToken }, context({ origin }));
        expect(grant.accessToken).toBe(accessToken);
        expect(Number.isNaN(grant.renewAt)).toBe(false);
        expect(typeof (grant.subject ?? "")).toBe("string");
      }),
      // so late that it is no number any more in ms
      { numRuns: 500, examples: [[unsignedJwt({ exp: 1e306 }), "held"]] },
    );
  });

  it("B5 what the server says of a token's end moves its renewal, which is not due at once all the same", () => {
    const grant = toAccessToken({ accessToken: timedToken(NOW, 3_600_000) }, context());
    expect(remeasured(grant, NOW + 3_000_000, context())).toMatchObject({
      expiresAt: NOW + 3_000_000,
      renewAt: NOW + 2_940_000,
    });
    expect(remeasured(grant, NOW + 30_000, context()).renewAt).toBeGreaterThan(NOW);
    // One that lives longer than was thought has not had its clock put back.
    expect(remeasured(grant, NOW + 7_200_000, context()).lifetime).toBe(7_200_000);
    const opaque = toAccessToken({ accessToken: "opaque" }, context());
    expect(remeasured(opaque, NOW + 100_000, context()).renewAt).toBe(NOW + 80_000);
  });

  it("B4 B5 a renewal keeps its lead, however many namespaces say when the token ends, and whenever they do", () => {
    for (const [lifetime, leeway] of [
      [4_000, 60_000],
      [8_000, undefined],
      [3_600_000, undefined],
    ] as const) {
      const timing = { leeway, random: 0.5 };
      const stored = { accessToken: timedToken(NOW - lifetime / 2, lifetime) };
      const end = NOW + lifetime / 2;
      const first = remeasured(
        toAccessToken(stored, context({ ...timing, origin: "held" })),
        end,
        context(timing),
      );
      const told = [0, 5, 10, lifetime / 8, lifetime / 4].reduce(
        (grant, later) => remeasured(grant, end, context({ ...timing, now: NOW + later })),
        first,
      );
      expect(told.renewAt).toBe(first.renewAt);
      expect(end - Number(told.renewAt)).toBeGreaterThan(Math.min(60_000, lifetime / 10));
    }
  });

  it("B16 a token set's own subject goes before the claims", () => {
    expect(toAccessToken({ accessToken: timedToken(NOW), subject: "bob" }, context()).subject).toBe("bob");
    expect(toAccessToken({ accessToken: timedToken(NOW) }, context()).subject).toBe("alice");
  });
});
