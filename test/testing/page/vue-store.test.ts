import type { AuthSocket } from "authsocket";
import { createTestServer, type TestServer } from "authsocket/testing";
import { useConnection } from "authsocket/vue";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import {
  type App,
  type Component,
  createApp,
  createSSRApp,
  effectScope,
  h,
  nextTick,
  ref,
  Suspense,
  shallowRef,
} from "vue";

let server: TestServer;
let auth: AuthSocket;
let app: App;
let scope: ReturnType<typeof effectScope>;
let useStore: () => { connection: ReturnType<typeof useConnection> };

beforeEach(() => {
  server = createTestServer();
  auth = server.socket({ autoConnect: false });
  // As Pinia and createSharedComposable() do: the first component that asks makes the store, in a scope of the store's own.
  let store: ReturnType<typeof useStore> | undefined;
  scope = effectScope(true);
  useStore = () => {
    store ??= scope.run(() => ({ connection: useConnection(auth) }));
    if (!store) throw new Error("the store is over");
    return store;
  };
});

afterEach(async () => {
  app.unmount();
  scope.stop();
  document.body.innerHTML = "";
  await server.close();
});

const Status: Component = {
  setup() {
    const { connection } = useStore();
    return () => h("p", connection.value.status);
  },
};

it("connects for a store, even if the component that made it is never mounted", async () => {
  const NeverReady: Component = {
    async setup() {
      useStore();
      await new Promise(() => {});
    },
  };
  const page = shallowRef(NeverReady);
  vi.spyOn(console, "info").mockImplementation(() => {}); // Suspense is experimental
  app = createApp(() => h(Suspense, null, { default: () => h(page.value), fallback: () => h("i") }));
  app.mount(document.body);
  page.value = Status;
  await nextTick();
  await server.settled();
  expect(document.body.textContent).toBe("signedOut");
});

it("keeps the connection of a store when the component that made it is unmounted", async () => {
  const isShown = ref(true);
  app = createApp(() => (isShown.value ? h(Status) : h("i")));
  app.mount(document.body);
  await auth.session.signIn(server.issue());
  await server.settled();
  isShown.value = false;
  await nextTick();
  await server.settled();
  expect(auth.state.status).toBe("connected");
  scope.stop();
  await server.settled();
  expect(auth.state.status).toBe("idle");
});

it("B20 hydrates a component with a store as the server has rendered it, and then connects", async () => {
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const complain = vi.spyOn(console, "error").mockImplementation(() => {});
  document.body.innerHTML = "<p>idle</p>";
  app = createSSRApp(Status);
  app.mount(document.body);
  expect(document.body.textContent).toBe("idle");
  await server.settled();
  expect(document.body.textContent).toBe("signedOut");
  expect([...warn.mock.calls, ...complain.mock.calls]).toEqual([]);
  warn.mockRestore();
  complain.mockRestore();
});

it.each([
  ["mounted", createApp, ""],
  ["hydrated", createSSRApp, "<p>idle</p>"],
])(
  "does not connect for a store that ends before the component that made it is %s",
  async (_, create, html) => {
    document.body.innerHTML = html;
    app = create({
      setup() {
        const { connection } = useStore();
        scope.stop();
        return () => h("p", connection.value.status);
      },
    });
    app.mount(document.body);
    await server.settled();
    expect(auth.state.status).toBe("idle");
  },
);
