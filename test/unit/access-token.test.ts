import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type AccessToken,
  defaultSubject,
  inherited,
  isDue,
  isExpired,
  type ReadingContext,
  remeasured,
  sameLife,
  toAccessToken,
  toTokenSet,
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

  it.each<[string, Record<string, unknown>, number | undefined, number]>([
    ["without iat goes by exp", { exp: NOW / 1000 + 3600 }, undefined, 3_600_000],
    ["whose iat is no number goes by exp", { exp: NOW / 1000 + 3600, iat: "now" }, undefined, 3_600_000],
    ["that ends before it begins", { exp: NOW / 1000 + 60, iat: NOW / 1000 + 3600 }, undefined, 60_000],
    ["that ends as it begins", { exp: NOW / 1000 + 60, iat: NOW / 1000 + 60 }, undefined, 60_000],
    ["that is opaque goes by what the server says", {}, 60_000, 60_000],
    ["without iat, by what the server says", { exp: NOW / 1000 + 3600 }, 7_200_000, 7_200_000],
    ["with both, by the smaller: the server's", { exp: NOW / 1000, iat: NOW / 1000 - 60 }, 59_999, 59_999],
    ["with both, by the smaller: its own", { exp: NOW / 1000, iat: NOW / 1000 - 60 }, 60_001, 60_000],
  ])("B5 a fresh token %s: %j", (_, claims, expiresIn, lifetime) => {
    const told = expiresIn === undefined ? {} : { expiresAt: NOW + expiresIn };
    expect(toAccessToken({ accessToken: unsignedJwt(claims), ...told }, context())).toMatchObject({
      expiresAt: NOW + lifetime,
      lifetime,
      knownSince: NOW,
    });
  });

  it("B5 a fresh token that ends this very ms has no known expiry, and one that ends in the next has", () => {
    const ending = (expiresAt: number) => toAccessToken({ accessToken: "opaque", expiresAt }, context());
    expect(ending(NOW)).not.toHaveProperty("expiresAt");
    expect(ending(NOW + 1)).toHaveProperty("expiresAt", NOW + 1);
  });

  it("B4 B5 a stored token is renewed by the whole of its lifetime, not by what is left", () => {
    const accessToken = timedToken(NOW - 600_000, 900_000);
    expect(toAccessToken({ accessToken }, context({ origin: "held" }))).toMatchObject({
      expiresAt: NOW + 300_000,
      lifetime: 900_000,
      lead: 60_000,
      renewAt: NOW + 240_000,
    });
    const told = { accessToken: "opaque", expiresAt: NOW + 300_000 };
    expect(toAccessToken(told, context({ origin: "held" }))).toMatchObject({ lifetime: 300_000 });
  });

  it("B5 a stored token that has ended keeps its end", () => {
    const accessToken = timedToken(NOW - 900_000, 600_000);
    const token = toAccessToken({ accessToken }, context({ origin: "held" }));
    expect(token).toMatchObject({ expiresAt: NOW - 300_000, lifetime: 600_000 });
    expect(isExpired(token, NOW)).toBe(true);
  });

  it("B16 keeps the sign-in that it came with, and else has one of its own", () => {
    expect(toAccessToken({ accessToken: "a", signInId: "s" }, context()).signInId).toBe("s");
    expect(toAccessToken({ accessToken: "a" }, context()).signInId).toMatch(/^of \d+$/);
  });

  it.each<[Record<string, unknown>, string | undefined]>([
    [{ sub: "a", id: "b", userId: "c", user_id: "d", uid: "e" }, "a"],
    [{ id: "b", userId: "c", user_id: "d", uid: "e" }, "b"],
    [{ userId: "c", user_id: "d", uid: "e" }, "c"],
    [{ user_id: "d", uid: "e" }, "d"],
    [{ uid: "e" }, "e"],
    [{ sub: null, id: 42 }, "42"],
    [{ name: "alice" }, undefined],
  ])("B16 is for the first that its claims name: %j", (claims, subject) => {
    expect(toAccessToken({ accessToken: unsignedJwt(claims) }, context()).subject).toBe(subject);
  });

  it("B16 is for whom the app reads from its claims, a number too", () => {
    const read = (subject: ReadingContext["subject"], accessToken = timedToken(NOW)) =>
      toAccessToken({ accessToken }, context({ subject })).subject;
    expect(read(({ iat }) => iat as unknown as string)).toBe(String(NOW / 1000));
    expect(read(() => "null")).toBeUndefined();
    expect(read(() => "bob", "opaque")).toBeUndefined();
  });

  it("B9 a function of the app's that throws or writes into the claims keeps no user out", () => {
    const read = (subject: ReadingContext["subject"]) =>
      toAccessToken({ accessToken: timedToken(NOW) }, context({ subject }));
    const thrown = read(() => {
      throw new Error("no such claim");
    });
    expect(thrown).not.toHaveProperty("subject");
    expect(thrown.expiresAt).toBe(NOW + 900_000);
    const written = read((claims) => {
      Object.assign(claims, { sub: "mallory" });
      return claims.sub;
    });
    expect(written).toMatchObject({ subject: "mallory", claims: { sub: "alice" } });
  });

  it("S1 what is stored of it is what it came with", () => {
    const tokens = {
      accessToken: "a",
      refreshToken: "r",
      subject: "alice",
      expiresAt: NOW + 900_000,
      signInId: "s",
    };
    expect(toTokenSet(toAccessToken(tokens, context()))).toEqual(tokens);
    expect(Object.keys(toTokenSet({ accessToken: "a", signInId: "s" }))).toEqual(["accessToken", "signInId"]);
  });
});

describe("a token that was refreshed", () => {
  const old: AccessToken = { accessToken: "old", refreshToken: "r", subject: "alice", signInId: "s" };

  it("B6 inherits the refresh token and the subject where there are no new ones", () => {
    const fresh = { accessToken: "new", signInId: "t" };
    expect(inherited(old, fresh)).toEqual({ ...fresh, refreshToken: "r", subject: "alice" });
    expect(inherited(old, { ...fresh, refreshToken: "q", subject: "bob" })).toEqual({
      ...fresh,
      refreshToken: "q",
      subject: "bob",
    });
    expect(inherited(undefined, fresh)).toEqual({ ...fresh, refreshToken: undefined, subject: undefined });
  });

  const jwt = timedToken(NOW, 900_000);
  const first = toAccessToken({ accessToken: jwt }, context());

  /** The same token once more, `after` ms later. */
  function again(after: number, accessToken = jwt, before: AccessToken | undefined = first): AccessToken {
    const fresh = toAccessToken({ accessToken }, context({ now: NOW + after }));
    return sameLife(before, fresh, NOW + after);
  }

  it("B5 which is the same keeps its end, and is asked for again halfway there", () => {
    expect(again(100_000)).toMatchObject({
      expiresAt: NOW + 900_000,
      lifetime: 900_000,
      knownSince: NOW,
      renewAt: NOW + 500_000,
    });
  });

  it.each([
    ["a second later, near its end", 898_001, 899_001],
    ["halfway, where that is a second", 898_000, 899_000],
    ["halfway, where that is more", 897_998, 898_999],
  ])("B5 which is the same is asked for again %s", (_, after, renewAt) => {
    expect(again(after).renewAt).toBe(NOW + renewAt);
  });

  it("B5 which is another begins a life of its own, and so does the first of all", () => {
    const other = again(100_000, timedToken(NOW, 900_000, { jti: 2 }));
    expect(other).toMatchObject({ expiresAt: NOW + 1_000_000, knownSince: NOW + 100_000 });
    const fresh = toAccessToken({ accessToken: jwt }, context());
    expect(sameLife(undefined, fresh, NOW)).toBe(fresh);
  });

  it("B5 which ends sooner than was known goes by that", () => {
    const longer: AccessToken = { ...first, expiresAt: NOW + 5_000_000 };
    const fresh = toAccessToken({ accessToken: jwt }, context());
    expect(sameLife(longer, fresh, NOW)).toBe(fresh);
  });

  it("B5 whose end was not known has the one that is known now", () => {
    const { accessToken, signInId } = first;
    const fresh = toAccessToken({ accessToken: jwt }, context());
    expect(sameLife({ accessToken, signInId }, fresh, NOW)).toBe(fresh);
  });

  const opaque = (expiresAt?: number, now = NOW) =>
    toAccessToken({ accessToken: "opaque", ...(expiresAt && { expiresAt }) }, context({ now }));

  it("B5 an opaque one whose server tells its lifetime anew is renewed in place", () => {
    const fresh = opaque(NOW + 700_000, NOW + 100_000);
    expect(sameLife(opaque(NOW + 600_000), fresh, NOW + 100_000)).toBe(fresh);
  });

  it("B5 an opaque one whose server tells nothing more keeps its end, its lifetime and its lead", () => {
    const held = opaque(NOW + 600_000);
    expect(sameLife(held, opaque(), NOW + 100_000)).toMatchObject({
      expiresAt: NOW + 600_000,
      lifetime: 600_000,
      lead: 60_000,
      knownSince: NOW,
      renewAt: NOW + 350_000,
    });
  });

  it("B5 B13 an opaque one whose end is told again has no shorter life or lead than before", () => {
    const known = { expiresAt: NOW + 600_000, lifetime: 600_000, lead: 60_000 };
    expect(
      sameLife(opaque(NOW + 600_000), opaque(NOW + 600_000, NOW + 500_000), NOW + 500_000),
    ).toMatchObject(known);
    // By a clock that has been put back, it would seem not to have begun, and be due at each look.
    const back = NOW - 7_200_000;
    const again = sameLife(opaque(NOW + 600_000), opaque(NOW + 600_000, back), back);
    expect(isDue(again, back + 1)).toBe(false);
  });

  it("B5 an opaque one whose end nobody has told has none", () => {
    const fresh = opaque();
    expect(sameLife(opaque(), fresh, NOW)).toBe(fresh);
  });
});

describe("what the clock says of a token", () => {
  const HOUR = 3_600_000;
  const timed: AccessToken = {
    accessToken: "a",
    signInId: "s",
    expiresAt: NOW + HOUR,
    lifetime: HOUR,
    renewAt: NOW + HOUR - 60_000,
  };
  const { renewAt, ...unscheduled } = timed;
  const opaque: AccessToken = { accessToken: "a", signInId: "s" };

  it.each<[string, AccessToken, number, boolean]>([
    ["at its renewal", timed, HOUR - 60_000, true],
    ["just before it", timed, HOUR - 60_001, false],
    ["at its end, where there is no renewal", unscheduled, HOUR, true],
    ["just before that", unscheduled, HOUR - 1, false],
    ["at the beginning of its life", timed, 0, false],
    ["a second before it, which is rounding", timed, -1_000, false],
    ["earlier, by a clock that was put back", timed, -1_001, true],
    ["without a known end", opaque, HOUR, false],
    ["without a known lifetime", { ...opaque, expiresAt: NOW + HOUR }, -HOUR, false],
  ])("B14 %s: %j after %i ms is due: %s", (_, token, after, due) => {
    expect(isDue(token, NOW + after)).toBe(due);
  });

  it.each<[string, AccessToken, number, boolean]>([
    ["at its end", timed, HOUR, true],
    ["just before it", timed, HOUR - 1, false],
    ["without a known end", opaque, 1_000 * HOUR, false],
  ])("B1 %s: %j after %i ms is expired: %s", (_, token, after, expired) => {
    expect(isExpired(token, NOW + after)).toBe(expired);
  });
});
