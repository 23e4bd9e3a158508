import { type AuthSocket, webStorageStore } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let server: TestServer;

beforeEach(() => {
  localStorage.clear();
  server = createTestServer();
});

afterEach(async () => {
  await server.close();
  localStorage.clear();
});

function storageOfItsOwn(): NonNullable<Parameters<typeof webStorageStore>[1]> {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

const words = (...clients: AuthSocket[]) => clients.map(({ state }) => state.status);

describe("clients that have a webStorageStore() each", () => {
  it("B2 B10 over one key are tabs of one browser: both sign in and out together", async () => {
    const first = server.socket({ store: webStorageStore("k") });
    await server.settled();
    await first.session.signIn(server.issue({ lifetime: -1 }));
    await server.settled();
    const second = server.socket({ store: webStorageStore("k") }, "/chat");
    await server.settled();
    expect(words(first, second)).toEqual(["connected", "connected"]);
    expect(server.refresh.calls.filter(({ status }) => status === 200)).toHaveLength(1);
    await first.session.signOut();
    await server.settled();
    expect(words(first, second)).toEqual(["signedOut", "signedOut"]);
    await server.otherTab.signIn({ subject: "bob" });
    expect(words(first, second)).toEqual(["connected", "connected"]);
  });

  it("B2 over one key of one storage are tabs, whether it is the page's by default or is named", async () => {
    const own = storageOfItsOwn();
    const storages = [undefined, localStorage, own, own];
    const clients = storages.map((storage) => server.socket({ store: webStorageStore("k", storage) }));
    await clients[0]?.session.signIn(server.issue({ subject: "alice" }));
    await server.settled();
    expect(words(...clients)).toEqual(["connected", "connected", "signedOut", "signedOut"]);
    await clients[2]?.session.signIn(server.issue({ subject: "bob" }));
    await server.settled();
    const subjects = clients.map(({ session }) => session.state.subject);
    expect(subjects).toEqual(["alice", "alice", "bob", "bob"]);
    // B2: neither waits for the other's refresh.
    server.cut();
    await server.settled();
    expect(words(...clients)).toEqual(["connected", "connected", "connected", "connected"]);
    await expect(server.otherTab.signOut()).rejects.toThrow("there are 2: use otherTabOf(client)");
    await server.otherTabOf(clients[3] as AuthSocket).signOut();
    expect(words(...clients)).toEqual(["connected", "connected", "signedOut", "signedOut"]);
  });

  it("B2 B10 over one key of wrappers of one storage sign in and out together", async () => {
    const encrypted = (): NonNullable<Parameters<typeof webStorageStore>[1]> => ({
      getItem: (key) => localStorage.getItem(key)?.split("").reverse().join("") ?? null,
      setItem: (key, value) => localStorage.setItem(key, value.split("").reverse().join("")),
      removeItem: (key) => localStorage.removeItem(key),
    });
    const [first, second] = [encrypted(), encrypted()].map((storage) =>
      server.socket({ store: webStorageStore("k", storage) }),
    ) as [AuthSocket, AuthSocket];
    await first.session.signIn(server.issue());
    await server.settled();
    expect(words(first, second)).toEqual(["connected", "connected"]);
    await first.session.signOut();
    await server.settled();
    expect(words(first, second)).toEqual(["signedOut", "signedOut"]);
    await server.otherTabOf(second).signIn({ subject: "bob" });
    expect(words(first, second)).toEqual(["connected", "connected"]);
    await server.otherTabOf(second).signOut();
    expect(words(first, second)).toEqual(["signedOut", "signedOut"]);
  });

  it("over two keys are strangers", async () => {
    const [first, second] = ["k", "m"].map((key) => server.socket({ store: webStorageStore(key) })) as [
      AuthSocket,
      AuthSocket,
    ];
    await first.session.signIn(server.issue({ subject: "alice" }));
    await second.session.signIn(server.issue({ subject: "bob" }));
    await first.session.signOut();
    await server.settled();
    expect(words(first, second)).toEqual(["signedOut", "connected"]);
  });
});
