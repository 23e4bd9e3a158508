import { memoryStore } from "authsocket";
import { createTestServer } from "authsocket/testing";
import { expect, it, onTestFinished, vi } from "vitest";
import type { DemoSocket } from "../../demo/pages/dashboard/index.ts";
import { logoutEverywhere } from "../../demo/pages/dashboard/server/demo-api.ts";
import { createSignOut } from "../../demo/pages/dashboard/sign-in/sign-out.ts";

/** A page whose user is signed in, and its server. */
async function signedIn() {
  const server = createTestServer();
  onTestFinished(() => server.close());
  const auth: DemoSocket = server.socket({ store: memoryStore(server.issue()) });
  await server.settled();
  return { server, auth };
}

it("a sign-out that the server did not hear leaves the user signed in, and says so", async () => {
  const { server, auth } = await signedIn();
  const shown: string[] = [];
  const signOut = createSignOut(auth, (heading, words) => shown.push(`${heading}: ${words}`));

  await signOut(async () => false);
  await server.settled();
  expect([auth.session.state.status, auth.state.status]).toEqual(["signedIn", "connected"]);
  expect(shown).toEqual(["You are still signed in: the server could not be reached."]);

  await signOut(async () => true);
  expect(auth.session.state.status).toBe("signedOut");
  expect(shown).toHaveLength(1);
});

it.each([
  [202, true],
  [401, true],
  [403, false],
  [500, false],
])("a sign-out everywhere that the server answers with %i is done: %s", async (status, isDone) => {
  vi.stubGlobal("fetch", async () => new Response(null, { status }));
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(await logoutEverywhere()).toBe(isDone);
});

it("a sign-out at an identity provider does not wait for the demo's server", async () => {
  const { auth } = await signedIn();
  const done: string[] = [];
  const signOut = createSignOut(auth, (heading) => done.push(heading), {
    client: "a client",
    renewsBefore: 0,
    signIn: async () => {},
    signOut: async () => void done.push("signed out at the provider"),
  });
  await signOut(async () => false);
  expect(auth.session.state.status).toBe("signedOut");
  expect(done).toEqual(["You are signed out only here", "signed out at the provider"]);
});

it("a sign-out that fails at the identity provider leaves the next revocation to be looked into", async () => {
  const { server, auth } = await signedIn();
  const signOut = createSignOut(auth, () => {}, {
    client: "a client",
    renewsBefore: 0,
    signIn: async () => {},
    signOut: () => Promise.reject(new Error("the provider cannot be reached")),
  });
  await expect(signOut(async () => true)).rejects.toThrow("the provider cannot be reached");

  await auth.session.signIn(server.issue());
  await server.settled();
  expect(server.refresh.calls).toEqual([]);
  server.revoke("signed out everywhere");
  await server.settled();
  expect(server.refresh.calls).toHaveLength(1);
});
