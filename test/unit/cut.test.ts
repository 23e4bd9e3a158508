import { describe, expect, it } from "vitest";
import { type Cut, readCut, recentCuts } from "../../src/client/connection/cut.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";

const MINUTE = 60_000;
const ACCEPTED = 1_000_000_000;

/** A token that was received as its connection was accepted. */
function tokenOf(lifetime: number | undefined, accessToken = "current"): AccessToken {
  if (lifetime === undefined) return { accessToken, signInId: "sign-in" };
  const expiresAt = ACCEPTED + lifetime;
  return {
    accessToken,
    signInId: "sign-in",
    lifetime,
    expiresAt,
    renewAt: expiresAt - Math.min(MINUTE, lifetime / 5),
  };
}

interface Situation {
  /** ms; undefined: unknown */
  lifetime?: number;
  /** ms since the connection was accepted */
  after: number;
  /** ms since the earlier cuts */
  cuts?: number[];
  /** whether the session has another token by now */
  isReplaced?: boolean;
}

function read({ lifetime, after, cuts = [], isReplaced = false }: Situation): Cut {
  const now = ACCEPTED + after;
  const connection = { token: tokenOf(lifetime), since: ACCEPTED, cuts: cuts.map((ago) => now - ago) };
  return readCut(connection, isReplaced ? "newer" : "current", now);
}

describe("B14 what a server's disconnect means", () => {
  const HOUR = 60 * MINUTE;

  it.each<[string, Situation, Cut]>([
    ["after the end", { lifetime: HOUR, after: HOUR + 1 }, "expired"],
    ["at the end", { lifetime: HOUR, after: HOUR }, "expired"],
    ["where its renewal is due", { lifetime: HOUR, after: HOUR - MINUTE }, "expired"],
    ["just before its renewal is due", { lifetime: HOUR, after: HOUR - MINUTE - 1 }, "doubted"],
    ["as it was accepted", { lifetime: HOUR, after: 0 }, "doubted"],
    ["by a clock that was put back", { lifetime: HOUR, after: -1 }, "expired"],
    ["2.5 s before the end", { lifetime: 10_000, after: 7_500 }, "expired"],
    ["a bit earlier", { lifetime: 10_000, after: 7_499 }, "doubted"],
    ["in the last three quarters of a short life", { lifetime: 400, after: 100 }, "expired"],
    ["before these", { lifetime: 400, after: 99 }, "doubted"],
    ["five minutes before the end", { lifetime: HOUR, after: HOUR - 5 * MINUTE }, "doubted"],
    ["a bit earlier, of a long life", { lifetime: HOUR, after: HOUR - 5 * MINUTE - 1 }, "kicked"],
    ["in the second half of a short life", { lifetime: 4 * MINUTE, after: 2 * MINUTE }, "doubted"],
    ["in its first half", { lifetime: 4 * MINUTE, after: 2 * MINUTE - 1 }, "kicked"],
    ["within ten seconds of its acceptance", { lifetime: HOUR, after: 9_999 }, "doubted"],
    ["ten seconds after it", { lifetime: HOUR, after: 10_000 }, "kicked"],
    ["where there is a newer token", { lifetime: HOUR, after: MINUTE, isReplaced: true }, "doubted"],
    ["again within ten seconds", { lifetime: HOUR, after: 9_999, cuts: [MINUTE] }, "kicked"],
    [
      "again, ten seconds after",
      { lifetime: HOUR, after: 10_000, cuts: [MINUTE], isReplaced: true },
      "doubted",
    ],
    ["again within half of a short life", { lifetime: 12_000, after: 5_999, cuts: [MINUTE] }, "kicked"],
    ["again, in the other half", { lifetime: 12_000, after: 6_000, cuts: [MINUTE] }, "doubted"],
    ["again, after the end", { lifetime: 5_000, after: 5_000, cuts: [1, 2, 3] }, "expired"],
    [
      "a third time, with a known end",
      { lifetime: HOUR, after: MINUTE, cuts: [1, 2], isReplaced: true },
      "doubted",
    ],
    ["without a known end", { after: HOUR }, "doubted"],
    ["a second time without one", { after: MINUTE, cuts: [2 * MINUTE] }, "doubted"],
    ["a third time without one", { after: MINUTE, cuts: [2 * MINUTE, 3 * MINUTE] }, "kicked"],
    ["again without one, within ten seconds", { after: 9_999, cuts: [MINUTE] }, "kicked"],
  ])("%s: %j is %s", (_, situation, cut) => {
    expect(read(situation)).toBe(cut);
  });

  it("cuts count for five minutes, and by a clock that was put back not at all", () => {
    const now = ACCEPTED;
    const cuts = [now - 5 * MINUTE, now - 5 * MINUTE + 1, now, now + 1];
    expect(recentCuts(cuts, now)).toEqual([now - 5 * MINUTE + 1, now]);
  });
});
