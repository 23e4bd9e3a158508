import { memoryStore } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { Window } from "happy-dom";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { DemoSocket } from "../../demo/pages/dashboard/index.ts";
import { keepJournal } from "../../demo/pages/dashboard/log/journal.ts";
import { createLog } from "../../demo/pages/dashboard/log/log.ts";
import { createNoteBanner } from "../../demo/pages/dashboard/people/note-banner.ts";

let server: TestServer;
let auth: DemoSocket;
let seen: () => string;

/** The part of the dashboard that shows an administrator's message to alice. */
beforeEach(async () => {
  vi.stubGlobal("document", new Window().document);
  server = createTestServer();
  auth = server.socket({ store: memoryStore(server.issue({ subject: "alice" })) });
  const log = createLog(auth.session);
  const write = (line: Parameters<typeof log.write>[0]) => log.write(line, 0);
  keepJournal(auth, write);
  const note = createNoteBanner(auth, write);
  seen = () => `${note.node.hidden ? "" : note.node.textContent} ${log.node.textContent}`;
  await server.settled();
  server.emit("note", { from: "admin", text: "your pay rise" });
  await server.settled();
});

afterEach(() => server.close());

describe("an administrator's message to one user", () => {
  it("is in the banner and in the log", () => {
    expect(seen().split("your pay rise")).toHaveLength(3);
  });

  it("is gone when the user has signed out, and the log begins anew", async () => {
    await auth.session.signOut();
    expect(seen()).not.toContain("your pay rise");
    expect(seen()).toContain("Signed out.");
    await auth.session.signIn(server.issue({ subject: "bob" }));
    await server.settled();
    expect(seen()).not.toMatch(/your pay rise|alice/);
  });

  it("is gone when another tab has signed another user in", async () => {
    await server.otherTab.signIn({ subject: "bob" });
    expect(seen()).not.toMatch(/your pay rise|alice/);
    expect(seen()).toContain("Signed in as bob");
  });

  it("stays for a user whose session has expired, and who comes back", async () => {
    server.refresh.fail(401);
    await auth.session.getToken({ forceRefresh: true }).catch(() => {});
    await server.settled();
    expect(auth.session.state.status).toBe("signedOut");
    expect(seen()).toContain("your pay rise");
    server.refresh.work();
    await auth.session.signIn(server.issue({ subject: "alice" }));
    await server.settled();
    expect(seen()).toContain("your pay rise");
  });

  it("is gone when another user signs in after the session has expired", async () => {
    server.refresh.fail(401);
    await auth.session.getToken({ forceRefresh: true }).catch(() => {});
    server.refresh.work();
    await auth.session.signIn(server.issue({ subject: "bob" }));
    await server.settled();
    expect(seen()).not.toMatch(/your pay rise|alice/);
  });
});
