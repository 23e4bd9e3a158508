import { AuthSocketError } from "authsocket";
import { describe, expect, it } from "vitest";

describe("AuthSocketError", () => {
  it("B6 is an Error with a code, a message and the cause", () => {
    const cause = new Error("no network");
    const error = new AuthSocketError("refresh_failed", "POST /r answered 404", { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: "AuthSocketError",
      code: "refresh_failed",
      message: "POST /r answered 404",
    });
    expect(error.cause).toBe(cause);
  });

  it("B6 has its code for a message where it is given none, and no cause of its own", () => {
    const error = new AuthSocketError("session_expired");
    expect(error.message).toBe("session_expired");
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).toBe("AuthSocketError: session_expired");
  });
});
