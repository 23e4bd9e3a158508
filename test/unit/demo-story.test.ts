import { AuthSocketError, type SessionState } from "authsocket";
import { describe, expect, it } from "vitest";
import { refusalLine, renewalLine, sessionLine, socketLine } from "../../demo/pages/dashboard/log/lines.ts";
import { sessionChange } from "../../demo/pages/dashboard/state/session-change.ts";
import { nextStage, type Stage } from "../../demo/pages/dashboard/state/stage.ts";
import { againWords, sessionWords, socketWords } from "../../demo/pages/dashboard/state/status-words.ts";
import { remainingWords, tokenLife } from "../../demo/pages/dashboard/token/token-life.ts";

const alice = { subject: "u1", expiresAt: 15_000 };
const signedIn: SessionState = { status: "signedIn", ...alice };
const renewing: SessionState = { status: "refreshing", ...alice, reason: "expiring" };
const waiting: SessionState = {
  status: "waiting",
  ...alice,
  retryAt: 4_000,
  error: new AuthSocketError("refresh_failed"),
};
const checking: SessionState = { status: "refreshing", reason: "missing" };
const signedOut: SessionState = { status: "signedOut" };

describe("the story that the demo tells of the session", () => {
  it("tells a renewal when it is done, not when it begins", () => {
    expect(sessionChange(signedIn, renewing)).toBeUndefined();
    const renewed: SessionState = { ...signedIn, expiresAt: 27_000 };
    expect(sessionChange(renewing, renewed)).toEqual({ kind: "renewed" });
    expect(renewalLine("refresh", renewed, 12_000).text).toBe("Token refreshed by this tab, good for 15 s.");
    expect(renewalLine("adoption", renewed, 12_000).text).toBe(
      "Token taken from another tab, good for 15 s.",
    );
  });

  it("B5 takes a token whose life the server has measured for the same token", () => {
    const claims = { jti: "token-1" };
    const measured: SessionState = { ...signedIn, claims, expiresAt: 14_990 };
    expect(sessionChange({ ...signedIn, claims }, measured)).toBeUndefined();
    const next: SessionState = { ...measured, claims: { jti: "token-2" } };
    expect(sessionChange(measured, next)).toEqual({ kind: "renewed" });
  });

  it("tells a sign-in from a session found at page load", () => {
    expect(sessionChange(signedOut, signedIn)).toEqual({ kind: "started", by: "sign-in" });
    expect(sessionChange(checking, signedIn)).toEqual({ kind: "started", by: "stored session" });
    expect(sessionChange(undefined, signedIn)).toEqual({ kind: "started", by: "stored session" });
  });

  it("tells the end of a session from there having been none", () => {
    expect(sessionChange(renewing, signedOut)).toEqual({ kind: "ended" });
    expect(sessionChange(checking, signedOut)).toEqual({ kind: "nobody" });
    expect(sessionChange(undefined, signedOut)).toBeUndefined();
  });

  it("takes another subject for another user, not for a renewal", () => {
    const bob: SessionState = { status: "signedIn", subject: "u2", expiresAt: 30_000 };
    expect(sessionChange(signedIn, bob)).toEqual({ kind: "started", by: "sign-in" });
  });

  it("tells an early end in friendly words, and a sign-out plainly", () => {
    const ended: SessionState = { status: "signedOut", error: new AuthSocketError("session_expired") };
    expect(sessionLine({ kind: "ended" }, ended, 0).text).toBe(
      "Your session has ended. Please sign in again.",
    );
    expect(sessionLine({ kind: "ended" }, signedOut, 0).text).toBe("Signed out.");
  });

  it("tells a delay once, with the next try", () => {
    expect(sessionChange(renewing, waiting)).toEqual({ kind: "delayed" });
    expect(sessionChange(waiting, waiting)).toBeUndefined();
    expect(sessionLine({ kind: "delayed" }, waiting, 1_000).text).toBe(
      "The token could not be refreshed. Next try in 3 s.",
    );
  });
});

describe("the story that the demo tells of the socket", () => {
  it("tells how long the connection was away", () => {
    const line = socketLine(
      { status: "connecting", attempt: 1 },
      { status: "connected", id: "x", recovered: false },
      1_042,
      1_000,
    );
    expect(line?.text).toBe("Connected again after 42 ms.");
  });

  it("tells each further attempt once", () => {
    const second = { status: "connecting", attempt: 2, retryAt: 3_000 } as const;
    expect(socketLine({ status: "connecting", attempt: 1 }, second, 1_000)?.text).toContain("attempt 2");
    expect(socketLine(second, { ...second }, 1_000)).toBeUndefined();
  });

  it("B24 tells why a socket still connects, and when it tries next", () => {
    const error = new AuthSocketError("unreachable");
    const state = { status: "connecting", attempt: 2, error, retryAt: 3_000 } as const;
    expect(socketWords(state, 1_000).detail).toBe("The server cannot be reached. Next try in 2 s.");
    expect(socketLine({ status: "connecting", attempt: 1 }, state, 1_000)?.text).toBe(
      "Still no connection, attempt 2. The server cannot be reached. Next try in 2 s.",
    );
  });

  it("B15 says of a refused user that the next token is tried, and of a kick that it is final", () => {
    const refused = (code: "forbidden" | "kicked") =>
      socketWords({ status: "refused", error: new AuthSocketError(code) }, 0).detail;
    expect(refused("forbidden")).toContain("tries again with the next token");
    expect(refused("kicked")).toBe("The server has disconnected this page although its token is valid.");
  });

  it("tells a refusal by its code, and nothing of a server that was not reached", () => {
    const refusal = (data: unknown) => Object.assign(new Error("refused"), { data });
    expect(refusalLine(refusal({ code: "token_expired" }))?.text).toContain("the token has expired");
    expect(refusalLine(refusal({ code: "unavailable" }))?.text).toContain("cannot check tokens");
    expect(refusalLine(refusal(undefined))?.text).toContain("without a code: “refused”");
    expect(refusalLine(new Error("websocket error"))).toBeUndefined();
  });
});

describe("the stage of the demo", () => {
  const stageAfter = (...states: readonly SessionState[]) => states.reduce<Stage>(nextStage, "checking");

  it("shows neither form nor dashboard while a session is looked for", () => {
    expect(stageAfter(checking)).toBe("checking");
    expect(stageAfter(checking, signedOut)).toBe("signedOut");
  });

  it("keeps the dashboard through every renewal, however slow", () => {
    expect(stageAfter(checking, signedIn, renewing, waiting, checking)).toBe("signedIn");
  });
});

describe("the token's life in words and shares", () => {
  it("counts whole seconds down, so that nought means expired", () => {
    expect([14_001, 1, 0, 245_000, 7_800_000].map(remainingWords)).toEqual([
      "15 s",
      "1 s",
      "0 s",
      "4:05",
      "2 h 10 min",
    ]);
  });

  it("marks where the default leeway and jitter renew it", () => {
    const life = tokenLife(15_000, 15_000, 7_500);
    expect(life.share).toBe(0.5);
    expect(life.renewal.to).toBeCloseTo(0.2);
    expect(life.renewal.from).toBeCloseTo(0.3);
  });

  it("marks the moment at which a provider's client renews it", () => {
    const { renewal } = tokenLife(15_000, 15_000, 0, 3_000);
    expect(renewal.from).toBeCloseTo(0.2);
    expect(renewal.to).toBeLessThan(renewal.from);
  });

  it("is empty, not negative, after its end", () => {
    expect(tokenLife(1_000, 15_000, 9_000)).toMatchObject({ remaining: 0, share: 0 });
  });

  it("says at once when the instant of a retry has passed", () => {
    expect(againWords(1_000, 2_000)).toBe("Trying again now.");
    expect(sessionWords(waiting, 1_000).detail).toBe("The token could not be refreshed. Next try in 3 s.");
  });
});
