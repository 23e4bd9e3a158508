import { expect } from "playwright/test";
import type { DemoPage } from "./demo-page.ts";
import { test } from "./demo-test.ts";
import type { Happening, WitnessedServer } from "./witnessed-server.ts";

// Files run in alphabetical order: this one comes first, since the rest of the suite fits beside its two minutes.

test.describe("the script-tag page with 15-second tokens, at a server that cuts", () => {
  test.use({ path: "/", accessTokenLifetime: 15_000, renewal: "cut" });

  test("B4 B14 stays signed in for two minutes: each tick once, no chat line lost, no refresh at a cut", async ({
    demo,
    server,
  }) => {
    test.setTimeout(170_000);
    const connections = await live(demo, server, { seconds: 120 });
    // "connected" follows "disconnected" at once: there is neither a refresh nor a refused handshake between them.
    const afterCuts = connections.filter((_, index) => connections[index - 1] === "disconnected");
    expect(new Set(afterCuts)).toEqual(new Set(["connected"]));
    // A connection lasts from a token's renewal, 3 to 4.5 s before the end of the last one, to its own end.
    expect(afterCuts.length).toBeGreaterThanOrEqual(9);
    expect(afterCuts.length).toBeLessThanOrEqual(13);
  });
});

test.describe("the single-page app with 4-second tokens, at a server that renews in band", () => {
  test.use({ path: "/app", accessTokenLifetime: 4_000, renewal: "inBand" });

  test("B4 B13 outlives its tokens on one connection: the same socket, each tick once, no chat line lost", async ({
    demo,
    server,
  }) => {
    const connections = await live(demo, server, { seconds: 12 });
    expect(new Set(connections)).toEqual(new Set(["refresh"]));
    // A token is renewed 0.8 to 1.2 s before its end.
    expect(connections.length).toBeGreaterThanOrEqual(3);
    expect(connections.length).toBeLessThanOrEqual(5);
    await expect(demo.page.getByRole("img", { name: "Session and socket" })).toHaveAccessibleDescription(
      /1 connection made, \d new tokens\.$/,
    );
  });
});

/**
 * Uses the page for a time, by the server's ticks, and checks that nothing of it was lost. Answers what became of its
 * connections and tokens since it was signed in.
 */
async function live(
  demo: DemoPage,
  server: WitnessedServer,
  { seconds }: { seconds: number },
): Promise<Exclude<Happening["kind"], "chat">[]> {
  await demo.openSignedIn("alice");
  const signedInAt = server.history.length;
  const refreshesBefore = server.refreshes.length;
  const stages = await demo.noteStages();

  const typed: string[] = [];
  // There is one keyboard: who wants to type waits until the one before is done.
  let typing = Promise.resolve();
  const type = (text: string) => {
    typed.push(text);
    typing = typing.then(() => demo.say(text));
    return typing;
  };
  const statusesAtRefresh: (string | null)[] = [];
  await demo.page.route("**/api/refresh-token", async (route) => {
    // The renewal goes on when the line has been typed, so that it is typed during the renewal.
    await type(`while renewal ${statusesAtRefresh.length + 1} is under way`);
    statusesAtRefresh.push(await demo.session.getAttribute("data-status"));
    await route.continue();
  });
  let cuts = 0;
  let typeAtCut = () => void type(`at cut ${++cuts}`);
  server.onDisconnect(() => typeAtCut());

  for (let second = 3; second <= seconds; second += 3) {
    await expect
      .poll(() => demo.count("ticks-received"), { intervals: [200], timeout: 10_000 })
      .toBeGreaterThanOrEqual(second);
    await type(`in second ${second}`);
  }
  // Renewals and cuts go on, the page's own end included, but nobody types at them any more.
  await demo.page.unroute("**/api/refresh-token");
  typeAtCut = () => {};
  await typing;
  await expect(demo.chatLines.and(demo.page.locator("[data-state=sent]"))).toHaveCount(typed.length);

  expect(await stages()).toEqual(["signedIn"]);
  expect([...server.said].sort()).toEqual([...typed].sort());

  // Between two ticks both have counted the same.
  const ticks = server.ticksSentTo("alice");
  await expect
    .poll(async () => ticks.size - (await demo.count("ticks-received")), { intervals: [200] })
    .toBe(0);
  expect(ticks.size).toBeGreaterThanOrEqual(seconds);
  expect(Math.max(...ticks) - Math.min(...ticks) + 1).toBe(ticks.size);
  expect(await demo.count("ticks-lost")).toBe(0);
  expect(await demo.count("ticks-duplicated")).toBe(0);

  expect(server.refusals).toEqual([]);
  expect(new Set(statusesAtRefresh)).toEqual(new Set(["refreshing"]));
  await expect
    .poll(async () => server.refreshes.length - refreshesBefore - (await demo.count("renewals")))
    .toBe(0);
  return server.history
    .slice(signedInAt)
    .map(({ kind }) => kind)
    .filter((kind) => kind !== "chat");
}
