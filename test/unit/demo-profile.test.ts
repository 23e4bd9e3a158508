import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, expect, it } from "vitest";
import { followProfile } from "../../demo/apps/profile.ts";
import type { ClientToServerEvents, Profile, ServerToClientEvents } from "../../demo/socket-events.ts";

let server: TestServer<ClientToServerEvents, ServerToClientEvents>;
let shown: (string | undefined)[];

const show = (profile?: Profile) => shown.push(profile?.username);

beforeEach(() => {
  shown = [];
  server = createTestServer();
  server.on("connection", (socket) => {
    const username = socket.subject ?? "nobody";
    socket.on("whoami", (reply) => reply({ id: username, username, email: "", role: "user" }));
  });
});

afterEach(() => server.close());

it("an account page shows the user who is signed in now, whoever has been before", async () => {
  const auth = server.socket();
  await auth.session.signIn(server.issue({ subject: "alice" }));
  await server.settled();
  const stop = followProfile(auth, show);
  await server.settled();
  expect(shown).toEqual(["alice"]);

  server.offline();
  await server.otherTab.signIn({ subject: "bob" });
  expect(shown).toEqual(["alice", undefined]);
  server.online();
  await server.clock.advance(60_000);
  expect(shown).toEqual(["alice", undefined, "bob"]);

  stop();
  await server.otherTab.signIn({ subject: "carol" });
  expect(shown).toHaveLength(3);
  expect(server.received("whoami")).toHaveLength(2);
});

it("an account page asks again when the connection broke before the answer", async () => {
  const auth = server.socket();
  await auth.session.signIn(server.issue({ subject: "alice" }));
  await server.settled();
  followProfile(auth, show);
  server.drop();
  await server.clock.advance(60_000);
  expect(shown).toEqual(["alice"]);
});
