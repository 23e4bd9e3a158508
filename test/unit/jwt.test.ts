import { describe, expect, it } from "vitest";
import { readClaims } from "../../src/client/token/jwt.ts";
import { unsignedJwt } from "../support/unsigned-jwt.ts";

describe("the claims of a token", () => {
  it("S5 are those of its payload, and cannot be changed", () => {
    const claims = readClaims(unsignedJwt({ sub: "alice", roles: ["admin"] }));
    expect(claims).toEqual({ sub: "alice", roles: ["admin"] });
    expect(Object.isFrozen(claims)).toBe(true);
  });

  it.each([["opaque"], [""], ["a.b.c"], ["a..c"]])("S5 %o has none", (token) => {
    expect(readClaims(token)).toBeUndefined();
  });

  it.each([[null], ["alice"], [7], [0], [true], [false]])("S5 a payload that is %j has none", (payload) => {
    expect(readClaims(unsignedJwt(payload))).toBeUndefined();
  });
});
