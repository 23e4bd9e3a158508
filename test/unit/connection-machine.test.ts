import { AuthSocketError } from "authsocket";
import { describe, expect, it } from "vitest";
import {
  type Connection,
  type ConnectionEvent,
  isCutOverToken,
  isInDemand,
  tickDueAt,
  transition,
} from "../../src/client/core/connection-machine.ts";
import type { Grant } from "../../src/client/core/grant.ts";
import type { TokenOutlook } from "../../src/client/core/session-machine.ts";

const NOW = 1_000_000;
const old: Grant = {
  accessToken: "old",
  refusals: 0,
  expiresAt: NOW + 60_000,
  renewAt: NOW + 50_000,
  lifetime: 60_000,
};
const fresh: Grant = { ...old, accessToken: "fresh" };
const error = new AuthSocketError("forbidden");
const live = { id: "id", recovered: false, grant: old, since: NOW - 1_000 } as const;

/** One or more of each status: the columns of the table. */
const states = {
  idle: { status: "idle" },
  starting: { status: "starting", attempt: 1 },
  opening: { status: "opening", attempt: 1 },
  "opening, sent": { status: "opening", attempt: 1, grant: old },
  awaiting: { status: "awaiting", attempt: 1, releaseAt: NOW },
  parked: { status: "parked", attempt: 1 },
  delayed: { status: "delayed", attempt: 1, since: NOW - 60_000, retryAt: NOW },
  connected: { status: "connected", ...live, renewal: "cut" },
  "connected, in band": { status: "connected", ...live, renewal: "inBand" },
  "connected, swap": { status: "connected", ...live, renewal: "swap" },
  "connected, revoked": { status: "connected", ...live, renewal: "cut", revoked: { error, leaveAt: NOW } },
  signedOut: { status: "signedOut" },
  refused: { status: "refused", error },
  "refused, sealed": { status: "refused", error: new AuthSocketError("user_changed") },
} as const satisfies Record<string, Connection>;

const outlooks = {
  ready: { status: "ready", grant: fresh },
  pending: { status: "pending" },
  failing: { status: "failing", error, retryAt: NOW + 1_000 },
  signedOut: { status: "signedOut", error },
} as const satisfies Record<string, TokenOutlook>;

const { ready, pending, failing, signedOut } = outlooks;

/** One or more of each type: the rows of the table. */
const events = {
  connect: { type: "connect" },
  "prepared, ready": { type: "prepared", outlook: ready },
  "prepared, pending": { type: "prepared", outlook: pending },
  "prepared, failing": { type: "prepared", outlook: failing },
  "prepared, signedOut": { type: "prepared", outlook: signedOut },
  disconnect: { type: "disconnect" },
  "asked, ready": { type: "asked", outlook: ready, now: NOW },
  "asked, pending": { type: "asked", outlook: pending, now: NOW },
  accepted: { type: "accepted", id: "id", recovered: true, renewal: "cut", now: NOW },
  "measured, in band": { type: "measured", inBand: true, outlook: ready },
  "measured, expiring": { type: "measured", inBand: false, outlook: pending },
  renewed: { type: "renewed", grant: fresh },
  lost: { type: "lost" },
  retried: { type: "retried" },
  gaveUp: { type: "gaveUp" },
  "tokenRefused, pending": { type: "tokenRefused", outlook: pending },
  "tokenRefused, failing": { type: "tokenRefused", outlook: failing },
  "tokenRefused, signedOut": { type: "tokenRefused", outlook: signedOut },
  cut: { type: "cut", outlook: ready, now: NOW },
  unavailable: { type: "unavailable", now: NOW, retryAt: NOW + 5_000 },
  revoked: { type: "revoked", error, now: NOW },
  barred: { type: "barred", error },
  "session, ready": { type: "session", outlook: ready },
  "session, pending": { type: "session", outlook: pending },
  "session, failing": { type: "session", outlook: failing },
  "session, signedOut": { type: "session", outlook: signedOut },
  "userChanged, ready": { type: "userChanged", outlook: ready, sealed: false },
  "userChanged, signedOut": { type: "userChanged", outlook: signedOut, sealed: false },
  "userChanged, sealed": { type: "userChanged", outlook: ready, sealed: true },
  "userChanged, sealed, signedOut": { type: "userChanged", outlook: signedOut, sealed: true },
  "tick, early": { type: "tick", outlook: pending, now: NOW - 1 },
  "tick, pending": { type: "tick", outlook: pending, now: NOW },
  "tick, ready": { type: "tick", outlook: ready, now: NOW },
} as const satisfies Record<string, ConnectionEvent>;

type StateName = keyof typeof states;

const LIVE = ["connected", "connected, in band", "connected, swap", "connected, revoked"] as const;
/** Socket.IO has the Socket in hand. */
const UNDER_WAY = ["opening", "opening, sent", "awaiting", ...LIVE] as const;

/**
 * For each event: what comes of which states, as "status: effects". A state that is not named stays as it is, the very object,
 * without effects; "same" names one that stays with effects.
 */
const table: Record<keyof typeof events, Record<string, readonly StateName[]>> = {
  connect: {
    "starting: prepare": ["idle", "signedOut", "refused"],
  },
  "prepared, ready": {
    "opening: open": ["starting"],
  },
  "prepared, pending": {
    "opening: open": ["starting"],
  },
  "prepared, failing": {
    parked: ["starting"],
  },
  "prepared, signedOut": {
    signedOut: ["starting"],
  },
  disconnect: {
    idle: ["starting", "parked", "delayed", "signedOut", "refused"],
    "idle: close": ["idle", ...UNDER_WAY],
  },
  "asked, ready": {
    "opening: answer": ["idle", "opening", "opening, sent", "awaiting"],
  },
  "asked, pending": {
    awaiting: ["idle", "opening", "opening, sent", "awaiting"],
  },
  accepted: {
    connected: ["opening, sent"],
  },
  "measured, in band": {
    "connected: renew": ["connected", "connected, in band", "connected, revoked"],
    "connected: swap": ["connected, swap"],
  },
  "measured, expiring": {
    connected: LIVE,
  },
  renewed: {
    connected: LIVE,
  },
  lost: {
    opening: ["opening", "opening, sent", "awaiting", "connected", "connected, in band", "connected, swap"],
    "refused: close": ["connected, revoked"],
  },
  retried: {
    opening: ["opening", "opening, sent"],
  },
  gaveUp: {
    idle: UNDER_WAY,
  },
  "tokenRefused, pending": {
    "opening: open": UNDER_WAY,
  },
  "tokenRefused, failing": {
    parked: UNDER_WAY,
  },
  "tokenRefused, signedOut": {
    signedOut: UNDER_WAY,
  },
  cut: {
    "opening: open": UNDER_WAY,
  },
  unavailable: {
    delayed: UNDER_WAY,
  },
  revoked: {
    connected: LIVE,
  },
  barred: {
    refused: UNDER_WAY,
  },
  "session, ready": {
    "opening: answer": ["awaiting"],
    "opening: open": ["parked", "signedOut"],
    "connected: renew": ["connected, in band"],
    "connected: swap": ["connected, swap"],
  },
  "session, pending": {
    "opening: open": ["signedOut"],
  },
  "session, failing": {
    "parked: close": ["opening", "awaiting"],
    parked: ["parked", "signedOut"],
  },
  "session, signedOut": {
    signedOut: ["starting", "parked", "delayed", "signedOut"],
    "signedOut: close": UNDER_WAY,
  },
  "userChanged, ready": {
    "same: purge": ["idle", "refused, sealed"],
    "opening: purge open": ["starting", "parked", "delayed", "signedOut", "refused"],
    "opening: purge close open": UNDER_WAY,
  },
  "userChanged, signedOut": {
    "same: purge": ["idle", "refused, sealed"],
    "signedOut: purge": ["starting", "parked", "delayed", "signedOut", "refused"],
    "signedOut: purge close": UNDER_WAY,
  },
  "userChanged, sealed": {
    "refused: purge": ["idle", "starting", "parked", "delayed", "signedOut", "refused"],
    "refused: purge close": UNDER_WAY,
    "same: purge": ["refused, sealed"],
  },
  "userChanged, sealed, signedOut": {
    "same: purge": ["idle", "refused, sealed"],
    "signedOut: purge": ["starting", "parked", "delayed", "signedOut", "refused"],
    "signedOut: purge close": UNDER_WAY,
  },
  "tick, early": {},
  "tick, pending": {
    "parked: close": ["awaiting"],
    "opening: open": ["delayed"],
    "refused: close": ["connected, revoked"],
  },
  "tick, ready": {
    "opening: answer": ["awaiting"],
    "opening: open": ["delayed"],
    "refused: close": ["connected, revoked"],
  },
};

const rules: Record<ConnectionEvent["type"], string> = {
  connect: "B12 connect() looks for the token, once",
  prepared: "B1 connecting begins with whatever the session has in sight",
  disconnect: "disconnect() leaves from everywhere",
  asked: "B12 Socket.IO is answered when there is a token",
  accepted: "B12 only a CONNECT that was sent is accepted",
  measured: "B13 auth:session and auth:expiring concern a live connection",
  renewed: "B13 a renewed connection has the new token",
  lost: "T15 Socket.IO reconnects by itself, connected before or not",
  retried: "an attempt more",
  gaveUp: "B19 Socket.IO gave up",
  tokenRefused: "B7 a refused token",
  cut: "B14 a cut over the token",
  unavailable: "B15 an unavailable server",
  revoked: "B15 a revocation is remembered until the disconnect",
  barred: "B15 who is not wanted is refused",
  session: "B8 B17 the session has news",
  userChanged: "B16 another user",
  tick: "B12 time goes by",
};

const statuses: Record<Connection["status"], true> = {
  idle: true,
  starting: true,
  opening: true,
  awaiting: true,
  parked: true,
  delayed: true,
  connected: true,
  signedOut: true,
  refused: true,
};

describe("the connection machine", () => {
  it("is tested in every status, with every event", () => {
    expect(new Set(Object.values(states).map(({ status }) => status))).toEqual(
      new Set(Object.keys(statuses)),
    );
    expect(new Set(Object.values(events).map(({ type }) => type))).toEqual(new Set(Object.keys(rules)));
  });

  for (const [name, event] of Object.entries(events)) {
    const outcomes = Object.entries(table[name as keyof typeof events]);
    for (const [from, state] of Object.entries(states)) {
      const [outcome = "same"] =
        outcomes.find(([, named]) => (named as readonly string[]).includes(from)) ?? [];
      it(`${rules[event.type]}: ${name} in ${from} makes it ${outcome}`, () => {
        const [next, ...effects] = transition(state, event);
        const happened = next === state ? "same" : next.status;
        expect([happened, effects.join(" ")].filter(Boolean).join(": ")).toBe(outcome);
      });
    }
  }

  it("B12 the attempts are counted, and an error goes on until connected", () => {
    const [parked] = transition(states.opening, { type: "session", outlook: failing });
    expect(parked).toMatchObject({ status: "parked", attempt: 1, error, retryAt: failing.retryAt });
    const [opening] = transition(parked, { type: "session", outlook: ready });
    expect(opening).toMatchObject({ status: "opening", attempt: 2, error });
    expect(transition(opening, { type: "retried" })[0]).toMatchObject({ attempt: 3 });
  });

  it("B6 a failed attempt counts once, whether it is delayed, parked or tried again at once", () => {
    const opening = { ...states["opening, sent"], attempt: 1 };
    const [delayed] = transition(opening, { type: "unavailable", now: NOW, retryAt: NOW });
    expect(delayed).toMatchObject({ status: "delayed", attempt: 1 });
    expect(transition(delayed, { type: "tick", outlook: ready, now: NOW })[0]).toMatchObject({ attempt: 2 });
    const [parked] = transition(opening, { type: "tokenRefused", outlook: failing });
    expect(parked).toMatchObject({ status: "parked", attempt: 1 });
    expect(transition(parked, { type: "session", outlook: ready })[0]).toMatchObject({ attempt: 2 });
    expect(transition(opening, { type: "tokenRefused", outlook: ready })[0]).toMatchObject({ attempt: 2 });
  });

  it("B5 an unavailable server is asked again where the clock was put back meanwhile, and the time for it lies hours ahead", () => {
    const event: ConnectionEvent = { type: "unavailable", now: NOW, retryAt: NOW + 5_000 };
    const [delayed] = transition(states["opening, sent"], event);
    expect(transition(delayed, { type: "tick", outlook: ready, now: NOW + 1 })[0]).toBe(delayed);
    expect(transition(delayed, { type: "tick", outlook: ready, now: NOW - 7_200_000 })[1]).toBe("open");
  });

  it("B12 an engine is held ten seconds for a token on its way, and not at all for one that is not", () => {
    const [waiting] = transition(states.opening, { type: "asked", outlook: pending, now: NOW });
    const [hopeless] = transition(states.opening, { type: "asked", outlook: failing, now: NOW });
    expect([tickDueAt(waiting), tickDueAt(hopeless)]).toEqual([NOW + 10_000, NOW]);
  });

  it("B13 a token that the server has refused in band is not sent twice, unless the server asks for it", () => {
    const [renewing, effect] = transition(states["connected, in band"], { type: "session", outlook: ready });
    expect(effect).toBe("renew");
    expect(transition(renewing, { type: "session", outlook: ready })).toEqual([renewing]);
    expect(transition(renewing, { type: "measured", inBand: false, outlook: ready })[1]).toBe("renew");
  });

  it("wants a tick where it waits for a time, and only there", () => {
    const due = Object.entries(states).filter(([, state]) => tickDueAt(state) !== undefined);
    expect(due.map(([name]) => name)).toEqual(["awaiting", "delayed", "connected, revoked"]);
  });

  it("B4 needs a token from connect() until it is at rest", () => {
    const resting = Object.entries(states).filter(([, state]) => !isInDemand(state));
    expect(resting.map(([name]) => name)).toEqual(["idle", "signedOut", "refused", "refused, sealed"]);
  });

  it.each<[string, Partial<Connection & { status: "connected" }>, string | undefined, number, boolean]>([
    ["a good token is no token matter", {}, "old", NOW, false],
    ["a token that is due is one", {}, "old", NOW + 50_000, true],
    ["a server that is a little ahead may cut before it is due", {}, "old", NOW + 49_000, true],
    ["a server that is further ahead may not", {}, "old", NOW + 48_999, false],
    [
      "half of its life is a little for a token of a second",
      { grant: { ...old, expiresAt: NOW + 1_000, renewAt: NOW + 800, lifetime: 1_000 } },
      "old",
      NOW + 299,
      false,
    ],
    ["a token that is no longer the session's is one", {}, "fresh", NOW, true],
    ["a token of unknown expiry is one", { grant: { accessToken: "old", refusals: 0 } }, "old", NOW, true],
    ["a second cut within ten seconds is none", { cutAt: NOW - 9_999 }, "fresh", NOW, false],
    ["a second cut after ten seconds is one again", { cutAt: NOW - 10_000 }, "fresh", NOW, true],
    [
      "half a lifetime is long enough for a token of seconds",
      { cutAt: NOW - 2_500, grant: { ...old, lifetime: 5_000 } },
      "fresh",
      NOW,
      true,
    ],
    ["B5 a clock that was put back cannot tell, so it is one", {}, "old", NOW - 5_000, true],
  ])("B14 %s", (_, connected, current, now, expected) => {
    expect(isCutOverToken({ ...states.connected, ...connected }, current, now)).toBe(expected);
  });

  it("B14 only a live connection can be cut", () => {
    expect(isCutOverToken(states["opening, sent"], "fresh", NOW)).toBe(false);
  });
});
