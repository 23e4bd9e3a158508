import { describe, expect, it } from "vitest";
import {
  closed,
  httpStatus,
  kicked,
  refused,
  refusedAgain,
  revoked,
  stillAnothers,
  unanswered,
  unreachable,
  unsent,
} from "../../src/client/connection/socket-errors.ts";
import type { AuthSocketError, AuthSocketErrorCode } from "../../src/client/errors.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

const jwt = timedToken(Date.UTC(2026, 0, 1));
const failure = (more: object) => Object.assign(new Error("xhr poll error"), more);

describe("what a socket says", () => {
  it.each<[() => AuthSocketError, AuthSocketErrorCode, string]>([
    [() => refused("forbidden", new Error("no")), "forbidden", "the server has refused the connection: no"],
    [
      () => refused("token_rejected", new Error(`${jwt} is bad`)),
      "token_rejected",
      "the server has refused the access token: [token] is bad",
    ],
    [
      () => refusedAgain("exception"),
      "token_rejected",
      'the server has sent "exception" again, although the token is fresh',
    ],
    [() => unreachable(), "unreachable", "the server cannot be reached"],
    [() => unreachable(failure({})), "unreachable", "the server cannot be reached"],
    [
      () => unreachable(failure({ description: 502 })),
      "unreachable",
      "the server has answered the handshake with 502",
    ],
    [
      () => closed("transport close"),
      "unreachable",
      "the connection was closed before the server answered the CONNECT: transport close",
    ],
    [() => unanswered("/chat"), "unreachable", 'the server has not answered the CONNECT of "/chat" in 20 s'],
    [() => kicked(), "kicked", "the server has disconnected this socket although its token was valid"],
    [
      () => stillAnothers(),
      "user_changed",
      `another user has signed in, and Socket.IO's "retries" queue cannot be emptied: make a new AuthSocket`,
    ],
    [
      () => unsent("signed_out"),
      "signed_out",
      "the user has signed out before this event was sent and answered",
    ],
    [
      () => unsent("user_changed"),
      "user_changed",
      "another user has signed in before this event was sent and answered",
    ],
  ])("B24 S1 %s: %s: %s", (say, code, message) => {
    expect(say()).toMatchObject({ code, message });
  });

  it("B15 B24 keeps the cause, where there is one", () => {
    const cause = failure({});
    expect(refused("forbidden", cause).cause).toBe(cause);
    expect(unreachable(cause).cause).toBe(cause);
    expect(unreachable()).not.toHaveProperty("cause");
    expect(closed("transport close").cause).toEqual(new Error("transport close"));
  });

  it.each<[unknown, string]>([
    [{ reason: "banned" }, "banned"],
    [{ reason: 7 }, "7"],
    ["banned", "banned"],
    [{ reason: `of ${jwt}` }, "of [token]"],
    [undefined, "no reason given"],
    [null, "no reason given"],
    [{}, "no reason given"],
    [7, "no reason given"],
  ])("V3 S1 of a revocation for %j the reason is %s", (reason, text) => {
    expect(revoked(reason)).toMatchObject({
      code: "revoked",
      message: `the server has revoked this connection: ${text}`,
    });
  });

  it.each<[unknown, number | undefined]>([
    [{ description: 401 }, 401],
    [{ context: { status: 503 }, description: "an event" }, 503],
    [{ context: { status: 403 }, description: 500 }, 403],
    [{ context: {}, description: 502 }, 502],
    [{ description: 100 }, 100],
    [{ description: 599 }, 599],
    [{ description: 99 }, undefined],
    [{ context: { status: 0 } }, undefined],
    [{ description: 600 }, undefined],
    [{ description: "401" }, undefined],
    [undefined, undefined],
  ])("T14 the HTTP status of %j is %s", (error, status) => {
    expect(httpStatus(error)).toBe(status);
  });
});
