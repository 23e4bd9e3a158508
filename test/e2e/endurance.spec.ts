import { expect } from "playwright/test";
import type { DemoPage } from "./demo-page.ts";
import { test } from "./demo-test.ts";
import type { WitnessedServer } from "./witnessed-server.ts";

// Files run in alphabetical order: this one comes first, since the rest of the suite fits beside its two minutes.

test.describe("the script-tag page with 15-second tokens", () => {
  test.use({ path: "/", accessTokenLifetime: 15_000 });

  test("B4 B14 stays signed in for two minutes: each tick once, no chat line lost, no refresh at a cut", async ({
    demo,
    server,
  }) => {
    test.setTimeout(170_000);
    const { cuts } = await live(demo, server, { seconds: 120 });
    // A connection lasts from a token's renewal, 3 to 4.5 s before the end of the last one, to its own end.
    expect(cuts).toBeGreaterThanOrEqual(9);
    expect(cuts).toBeLessThanOrEqual(13);
  });
});

test.describe("the single-page app with 5-second tokens", () => {
  test.use({ path: "/app", accessTokenLifetime: 5_000 });

  test("B4 B14 outlives its tokens: each tick once, no chat line lost, no refresh at a cut", async ({
    demo,
    server,
  }) => {
    const { cuts } = await live(demo, server, { seconds: 15 });
    expect(cuts).toBeGreaterThanOrEqual(3);
    expect(cuts).toBeLessThanOrEqual(5);
  });
});

/** Uses the page for a time, by the server's ticks, and checks that nothing of it was lost. */
async function live(
  demo: DemoPage,
  server: WitnessedServer,
  { seconds }: { seconds: number },
): Promise<{ cuts: number }> {
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

  const kinds = server.history.slice(signedInAt).map(({ kind }) => kind);
  const connections = kinds.filter((kind) => kind !== "chat");
  // "connected" follows "disconnected" at once: there is neither a refresh nor a refused handshake between them.
  const afterCuts = connections.filter((_, index) => connections[index - 1] === "disconnected");
  expect(new Set(afterCuts)).toEqual(new Set(["connected"]));
  expect(server.refusals).toEqual([]);
  expect(new Set(statusesAtRefresh)).toEqual(new Set(["refreshing"]));
  await expect
    .poll(async () => server.refreshes.length - refreshesBefore - (await demo.count("renewals")))
    .toBe(0);
  return { cuts };
}
