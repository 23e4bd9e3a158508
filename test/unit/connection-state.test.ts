import { describe, expect, it } from "vitest";
import {
  type Attempt,
  type AuthSocketState,
  attemptOf,
  dueAt,
  FIRST_ATTEMPT,
  isAtRest,
  isBarred,
  isGuest,
  isSealed,
  isUnderWay,
  nextAttempt,
  type Refused,
  type State,
  tokenOf,
  toSocketState,
} from "../../src/client/connection/connection-state.ts";
import { AuthSocketError } from "../../src/client/errors.ts";
import type { AccessToken } from "../../src/client/token/access-token.ts";

const NOW = 1_000_000_000;

const error = new AuthSocketError("token_rejected");
const token: AccessToken = { accessToken: "a", signInId: "s" };
const going: Attempt = { attempt: 3, error, refusals: 2, atOnce: 1, unreached: 1, veil: undefined };
const first: Attempt = { attempt: 1, refusals: 0, atOnce: 0, unreached: 0 };

const idle: State = { status: "idle" };
const starting: State = { status: "starting", ...going };
const opening: State = { status: "opening", ...going, dueAt: NOW };
const awaiting: State = { status: "awaiting", ...going, dueAt: NOW };
const waitingForToken: State = { status: "waitingForToken", ...going, retryAt: NOW };
const delayed: State = { status: "delayed", ...going, since: 0, dueAt: NOW, waitsFor: "dueAt" };
const connected: State = {
  status: "connected",
  credential: token,
  id: "i",
  recovered: false,
  renewal: "cut",
  since: 0,
};
const signedOut: State = { status: "signedOut" };
const refused: Refused = { status: "refused", error, retry: "newerToken" };

const ALL: State[] = [
  idle,
  starting,
  opening,
  awaiting,
  waitingForToken,
  delayed,
  connected,
  signedOut,
  refused,
];

function statusesOf(holds: (state: State) => boolean): string[] {
  return ALL.filter(holds).map(({ status }) => status);
}

describe("the attempts of a connection", () => {
  it.each([starting, opening, awaiting, waitingForToken, delayed])("B7 go on from $status", (state) => {
    expect(attemptOf(state)).toStrictEqual(going);
    expect(nextAttempt(state)).toStrictEqual({ ...going, attempt: 4 });
  });

  it.each([idle, connected, signedOut, refused])("B7 begin anew after $status", (state) => {
    expect(FIRST_ATTEMPT).toEqual(first);
    expect(attemptOf(state)).toEqual(first);
    expect(nextAttempt(state)).toEqual(first);
  });

  it("B27 keep what a refused socket shows", () => {
    expect(attemptOf({ ...starting, veil: refused }).veil).toBe(refused);
  });
});

describe("a connection's credential", () => {
  it("B21 is a token, or a guest's nothing", () => {
    expect([isGuest("guest"), isGuest(token)]).toEqual([true, false]);
    expect([tokenOf("guest"), tokenOf(token)]).toEqual([undefined, "a"]);
  });
});

describe("a connection", () => {
  it("B12 is in Socket.IO's hands while it opens or is open", () => {
    expect(statusesOf(isUnderWay)).toEqual(["opening", "awaiting", "connected"]);
  });

  it("B20 rests where nothing brings it back by itself", () => {
    expect(statusesOf(isAtRest)).toEqual(["idle", "signedOut", "refused"]);
  });

  it("S3 T6 is barred where only connect() looks at it again", () => {
    expect(statusesOf(isBarred)).toEqual([]);
    expect(isBarred({ ...refused, retry: "signIn" })).toBe(false);
    expect(isBarred({ ...refused, retry: "never" })).toBe(true);
  });

  it("B16 is sealed where it holds another user's packets", () => {
    expect(statusesOf(isSealed)).toEqual([]);
    expect(isSealed({ ...refused, error: new AuthSocketError("user_changed") })).toBe(true);
    expect(isSealed({ status: "idle", error: new AuthSocketError("user_changed") })).toBe(false);
  });

  it("B24 is looked at when its state says so", () => {
    expect(statusesOf((state) => dueAt(state) !== undefined)).toEqual(["opening", "awaiting", "delayed"]);
    expect(dueAt(delayed)).toBe(NOW);
    expect(dueAt({ ...refused, dueAt: NOW })).toBe(NOW);
  });
});

describe("what users see of a connection", () => {
  const connecting = { status: "connecting", attempt: 3, error } as const;

  it.each<[string, State, AuthSocketState]>([
    ["it rests", idle, { status: "idle" }],
    ["Socket.IO has given up", { ...idle, error }, { status: "idle", error }],
    ["it looks for a token", starting, connecting],
    ["it opens", opening, connecting],
    ["it opens for the first time", { status: "opening", ...first }, { status: "connecting", attempt: 1 }],
    ["it awaits a token", awaiting, connecting],
    ["it waits for a token", waitingForToken, { ...connecting, retryAt: NOW }],
    ["it waits for a token whose time is unknown", { ...waitingForToken, retryAt: undefined }, connecting],
    ["it is put off", delayed, { ...connecting, retryAt: NOW }],
    ["it is open", connected, { status: "connected", id: "i", recovered: false }],
    [
      "it has recovered",
      { ...connected, recovered: true },
      { status: "connected", id: "i", recovered: true },
    ],
    [
      "it is a guest's",
      { ...connected, credential: "guest" },
      { status: "connected", id: "i", recovered: false, anonymous: true },
    ],
    [
      "events refuse its fresh token",
      { ...connected, error },
      { status: "connected", id: "i", recovered: false, error },
    ],
    ["nobody is signed in", signedOut, { status: "signedOut" }],
    ["the session has ended", { ...signedOut, error }, { status: "signedOut", error }],
    ["it is refused", { ...refused, dueAt: NOW }, { status: "refused", error }],
  ])("B24 B27 %s", (_, state, seen) => {
    expect(toSocketState(state)).toStrictEqual(seen);
  });

  it("B27 a refused socket that is tried again shows its refusal until it is accepted", () => {
    const veil: Refused = { ...refused, error: new AuthSocketError("kicked") };
    for (const state of [starting, opening, awaiting, waitingForToken, delayed])
      expect(toSocketState({ ...state, veil } as State)).toStrictEqual({
        status: "refused",
        error: veil.error,
      });
  });
});
