import { setImmediate } from "node:timers/promises";
import { AuthSession, AuthSocketError, memoryStore, webStorageStore } from "authsocket";
import { describe, expect, it } from "vitest";
import { sessionOf } from "../../src/client/auth-session.ts";
import { RefreshTurns } from "../../src/client/refresh-turns.ts";
import { ManualPlatform } from "../support/manual-platform.ts";
import { MapStorage } from "../support/map-storage.ts";
import { SharedBoard } from "../support/shared-board.ts";
import { timedToken } from "../support/unsigned-jwt.ts";

/** A tab of a browser, whose randomness is its own. */
function openTab(board: SharedBoard, chance: number): ManualPlatform {
  const platform = new ManualPlatform();
  platform.board = board;
  platform.chance = chance;
  return platform;
}

describe("tabs that share an origin", () => {
  it("B3 a turn is waited for by time, however much news a tab finds when it is thawed", async () => {
    const board = new SharedBoard();
    const [first, second] = [openTab(board, 0.1), openTab(board, 0.2)];
    new RefreshTurns(first, "name", 10_000).take("old", () => {});
    await setImmediate();
    let begun = 0;
    new RefreshTurns(second, "name", 10_000).take("old", () => begun++);
    for (let count = 0; count < 20; count++) {
      board.tell();
      await setImmediate();
    }
    await second.advance(10_000);
    expect(begun).toBe(0);
    await second.advance(1_000);
    expect(begun).toBe(1);
  });

  it("T24 a token that was committed elsewhere stays unseen until it is seen, through a turn given up", async () => {
    const board = new SharedBoard();
    const tab = openTab(board, 0.1);
    const turns = new RefreshTurns(tab, "name", 10_000);
    const behinds: boolean[] = [];
    const look = async (token: string) => {
      const turn = turns.take(token, (_, behind) => behinds.push(behind));
      await setImmediate();
      turn.release();
      await setImmediate();
    };
    await look("old");
    board.lease = { ...board.lease, generation: 1, token: 42, at: tab.now() };
    await look("old");
    await look("older still");
    expect(behinds).toEqual([false, true, true]);
  });

  it("B10 B16 with tokens in memory, the tab that signed out follows a sign-in in another", async () => {
    const board = new SharedBoard();
    const platforms = [openTab(board, 0.1), openTab(board, 0.2)] as const;
    const refresh = async () => timedToken(platforms[0].now(), 900_000, { sub: "bob" });
    const [one, two] = platforms.map(
      (platform) => new AuthSession({ refresh, store: memoryStore() }, platform),
    ) as [AuthSession, AuthSession];
    for (const session of [one, two]) expect(await session.getToken()).not.toBe("");
    await one.signOut();
    await setImmediate();
    expect([one.state.status, two.state.status]).toEqual(["signedOut", "signedOut"]);
    await two.signIn(timedToken(platforms[0].now(), 900_000, { sub: "bob" }));
    await setImmediate();
    await one.getToken();
    expect([one.state, two.state]).toMatchObject([{ subject: "bob" }, { subject: "bob" }]);
    expect(board.lease).toMatchObject({ epoch: 2, signedOut: false });
  });

  it("B10 a tab that is told of a sign-out by the very lease that it takes refreshes no more", async () => {
    const board = new SharedBoard();
    const tab = openTab(board, 0.1);
    let refreshes = 0;
    const refresh = async () => {
      refreshes++;
      return timedToken(tab.now());
    };
    const here = new AuthSession({ refresh, store: memoryStore() }, tab);
    await here.getToken();
    // The news of it is lost.
    board.lease = { ...board.lease, generation: 9, epoch: 1, signedOut: true, token: undefined };
    await expect(here.getToken({ forceRefresh: true })).rejects.toMatchObject({ code: "signed_out" });
    expect(refreshes).toBe(1);
  });

  it.each([
    ["taken out of the store", undefined],
    ["left there where another tab has committed a newer one, which may not be seen yet", 42],
  ])("B7 T24 a token that ends the session is %s", async (_, newer) => {
    const board = new SharedBoard();
    const tab = openTab(board, 0);
    const storage = new MapStorage();
    const refresh = async () => timedToken(tab.now());
    const session = new AuthSession({ refresh, store: webStorageStore("authToken", storage) }, tab);
    let token = await session.getToken();
    const refuse = () => sessionOf(session).refused(token, new AuthSocketError("token_rejected"));
    for (let count = 0; count < 3; count++) {
      refuse();
      token = await session.getToken();
    }
    if (newer) board.lease = { ...board.lease, generation: 99, token: newer, at: tab.now() };
    refuse();
    await setImmediate();
    expect(session.state).toMatchObject({ status: "signedOut", error: { code: "token_rejected" } });
    expect(storage.getItem("authToken")).toBe(newer ? token : null);
  });

  it("B2 B3 a tab that was robbed while it waited for another's token sends no request of its own", async () => {
    const board = new SharedBoard();
    const tab = openTab(board, 0.1);
    const storage = new MapStorage();
    storage.setItem("authToken", timedToken(tab.now()));
    let calls = 0;
    const refresh = async () => {
      calls++;
      return timedToken(tab.now());
    };
    const session = new AuthSession({ refresh, store: webStorageStore("authToken", storage) }, tab);
    await session.getToken();
    board.lease = { ...board.lease, generation: 1, token: 42, at: tab.now() };
    void session.getToken({ forceRefresh: true });
    await setImmediate();
    board.lease = { ...board.lease, holder: "another" };
    await tab.advance(2_000);
    expect(calls).toBe(0);
    board.lease = { ...board.lease, holder: undefined };
    await tab.advance(3_000);
    expect(calls).toBe(1);
    session.dispose();
  });

  it("B3 a board that does not answer is waited for no longer than its patience", async () => {
    const board = new SharedBoard();
    board.isWorking = false;
    const tab = openTab(board, 0.1);
    let begun = 0;
    new RefreshTurns(tab, "name", 10_000).take("old", () => begun++);
    await tab.advance(2_999);
    expect(begun).toBe(0);
    await tab.advance(1);
    expect(begun).toBe(1);
  });
});
