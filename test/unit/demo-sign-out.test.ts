import { memoryStore } from "authsocket";
import { createTestServer } from "authsocket/testing";
import { expect, it, onTestFinished } from "vitest";
import type { DemoSocket } from "../../demo/pages/dashboard/index.ts";
import { createSignOut } from "../../demo/pages/dashboard/sign-in/sign-out.ts";

it("a sign-out that fails at the identity provider leaves the next revocation to be looked into", async () => {
  const server = createTestServer();
  onTestFinished(() => server.close());
  const auth: DemoSocket = server.socket({ store: memoryStore(server.issue()) });
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
