import { describe, expect, it } from "vitest";
import { RefreshBudget } from "../../src/client/session/refresh-budget.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";

const NOW = 1_000_000_000;

const [NONE, AT_ONCE] = [{ status: "spent" }, { status: "now" }];

function token(accessToken: string, timing: Partial<AccessToken> = {}): AccessToken {
  return { accessToken, signInId: "s", ...timing };
}

describe("B27 the budget of refreshes", () => {
  const socket = {};
  const sibling = {};

  /** The socket has had a refresh for the first token at `NOW`. */
  function askedOnce(): RefreshBudget {
    const budget = new RefreshBudget();
    budget.asked(socket, "first", NOW);
    return budget;
  }

  it("allows a refresh to whoever has had none", () => {
    expect(new RefreshBudget().allowance(socket, token("first"), NOW)).toEqual(AT_ONCE);
  });

  it.each<[string, number, object]>([
    ["at the refresh", 0, { status: "later", at: NOW + 10_000 }],
    ["just within ten seconds of it", 9_999, { status: "later", at: NOW + 10_000 }],
    ["ten seconds after it", 10_000, AT_ONCE],
    ["by a clock that was put back", -1, AT_ONCE],
  ])("puts off the next one, %s", (_, after, allowance) => {
    const budget = new RefreshBudget();
    budget.refreshed(NOW);
    expect(budget.restsUntil).toBe(NOW + 10_000);
    expect(budget.allowance(socket, token("second"), NOW + after)).toEqual(allowance);
  });

  it("allows one per token, whoever is refused with it", () => {
    const budget = askedOnce();
    expect(budget.allowance(sibling, token("first"), NOW + 60_000)).toEqual(NONE);
    expect(budget.allowance(sibling, token("second"), NOW + 60_000)).toEqual(AT_ONCE);
  });

  it.each<[string, Partial<AccessToken>, number]>([
    ["its renewal is due", { renewAt: NOW + 50_000, expiresAt: NOW + 60_000 }, 50_000],
    ["its end, where no renewal is due before", { expiresAt: NOW + 60_000 }, 60_000],
    ["five minutes have passed, where its end is unknown", {}, 300_000],
  ])("allows none for the fresh token that is refused too, until %s", (_, timing, until) => {
    const fresh = token("second", timing);
    expect(askedOnce().allowance(socket, fresh, NOW)).toEqual(NONE);
    expect(askedOnce().allowance(socket, fresh, NOW + until - 1)).toEqual(NONE);
    expect(askedOnce().allowance(socket, fresh, NOW + until)).toEqual(AT_ONCE);
  });

  it("counts no refusal by a clock that was put back", () => {
    expect(askedOnce().allowance(socket, token("second"), NOW - 1)).toEqual(AT_ONCE);
  });

  it("allows another where the fresh token has served", () => {
    const budget = askedOnce();
    budget.served(socket);
    expect(budget.allowance(socket, token("second"), NOW + 1)).toEqual(AT_ONCE);
  });

  it("keeps one that speaks for many to what one of them has refused", () => {
    const budget = askedOnce();
    budget.served(socket, "first");
    expect(budget.allowance(socket, token("second"), NOW + 1)).toEqual(NONE);
    budget.served(socket, "second");
    expect(budget.allowance(socket, token("second"), NOW + 1)).toEqual(NONE);
    budget.served(socket, "third");
    expect(budget.allowance(socket, token("third"), NOW + 1)).toEqual(AT_ONCE);
  });

  it("takes no notice of a token that serves whoever has had no refresh", () => {
    const budget = askedOnce();
    budget.served(sibling, "second");
    expect(budget.allowance(sibling, token("second"), NOW + 1)).toEqual(AT_ONCE);
  });

  it("allows another to whoever has not refused the token that is replaced", () => {
    const budget = askedOnce();
    budget.replaced("second");
    expect(budget.allowance(socket, token("third"), NOW + 1)).toEqual(AT_ONCE);
  });

  it("allows no other to whoever has refused it", () => {
    const asks = askedOnce();
    asks.allowance(socket, token("second"), NOW + 1);
    asks.replaced("second");
    expect(asks.allowance(socket, token("third"), NOW + 2)).toEqual(NONE);
    const told = askedOnce();
    told.refusedAgain(socket, "second");
    told.replaced("second");
    expect(told.allowance(socket, token("third"), NOW + 2)).toEqual(NONE);
  });

  it("keeps no note of the refusal of somebody who has had no refresh", () => {
    const budget = askedOnce();
    budget.refusedAgain(sibling, "second");
    expect(budget.allowance(sibling, token("second"), NOW + 1)).toEqual(AT_ONCE);
  });

  it("B7 counts a refusal of the replaced token that comes late", () => {
    const budget = askedOnce();
    budget.askedLate(sibling, "first", NOW + 5);
    expect(budget.allowance(sibling, token("second"), NOW + 5)).toEqual(NONE);
  });

  it("B7 counts no late refusal of any other token", () => {
    const budget = askedOnce();
    budget.askedLate(sibling, "older", NOW + 5);
    expect(budget.allowance(sibling, token("second"), NOW + 5)).toEqual(AT_ONCE);
    expect(budget.allowance(sibling, token("first"), NOW + 5)).toEqual(NONE);
  });

  it("allows another to all where a token has come without a refresh", () => {
    const budget = askedOnce();
    budget.forget();
    expect(budget.allowance(socket, token("second"), NOW + 1)).toEqual(AT_ONCE);
  });
});
