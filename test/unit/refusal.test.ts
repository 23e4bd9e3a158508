import { isTokenRefused } from "authsocket";
import { describe, expect, it } from "vitest";
import { unavailableFor } from "../../src/client/connection/refusal.ts";

const refusal = (message: string, data?: unknown) => Object.assign(new Error(message), { data });

describe("a refused connection", () => {
  it.each(["token_missing", "token_invalid", "token_expired", "token_revoked", 401])(
    "B7 the code %s is a token matter",
    (code) => {
      expect(isTokenRefused(refusal("no", { code }))).toBe(true);
    },
  );

  it("B7 a numeric 401 in data.status is a token matter", () => {
    expect(isTokenRefused(refusal("no", { status: 401 }))).toBe(true);
  });

  it.each([
    "Invalid or expired token",
    "Invalid token",
    "No token provided",
    "Authentication token required",
    "Authentication error",
    "Authentication error: No token provided",
    "Not authenticated",
    "jwt expired",
    "JWT EXPIRED",
    "Error: unauthorized.",
  ])("B7 the words %s are a token matter", (message) => {
    expect(isTokenRefused(refusal(message))).toBe(true);
  });

  it.each<[string, unknown]>([
    ["Admin access required", undefined],
    ["xhr poll error", undefined],
    ["", undefined],
    ["no", { code: 403 }],
    ["no", { code: "401" }],
    ["no", { status: "401" }],
    ["no", "token_expired"],
    ["no", null],
  ])("B15 %o with data %o is no token matter", (message, data) => {
    expect(isTokenRefused(refusal(message, data))).toBe(false);
  });

  it.each(["insufficient_scope", "unavailable"])("B15 the code %s goes before the words", (code) => {
    expect(isTokenRefused(refusal("Invalid token", { code }))).toBe(false);
  });

  it("B15 an unavailable server names its ms, or none", () => {
    expect(unavailableFor(refusal("busy", { code: "unavailable", retryAfter: 1_500 }))).toBe(1_500);
    for (const retryAfter of [undefined, null, "soon", -5, Number.NaN]) {
      expect(unavailableFor(refusal("busy", { code: "unavailable", retryAfter }))).toBe(0);
    }
    expect(unavailableFor(refusal("busy", { code: "token_expired", retryAfter: 5 }))).toBeUndefined();
    expect(unavailableFor(refusal("busy"))).toBeUndefined();
  });
});
