import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { test as base, expect, type Page } from "playwright/test";
import { blocks } from "../package/papers.ts";
import { RecipeSite } from "./recipe-site.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

// The page's code is that of the documentation, with the real packages.
const entry = `
  import { combineReducers, legacy_createStore } from "redux";
  import { AuthSession } from "authsocket";
  import { session } from "./auth.ts";
  import { api as viaAxios } from "./axios.ts";
  import { api as viaKy } from "./ky.ts";
  import { queries, queryOptions } from "./query.ts";
  import { authReducer, reduxStore } from "./redux-store.ts";
  import { authState, zustandStore } from "./zustand-store.ts";

  const redux = legacy_createStore(combineReducers({ auth: authReducer }));
  const refresh = "/api/refresh-token";
  globalThis.recipes = {
    session,
    ordering: {
      axios: (body) => viaAxios.post("orders", body).then(({ data }) => data),
      ky: (json) => viaKy.post("/api/orders", { json }).json(),
    },
    query: () => queries.fetchQuery(queryOptions("/api/orders", session.state.subject)),
    stores: {
      redux: { session: new AuthSession({ refresh, name: "redux", store: reduxStore(redux) }), read: () => redux.getState().auth },
      zustand: { session: new AuthSession({ refresh, name: "zustand", store: zustandStore }), read: () => authState.getState() },
    },
  };
`;

interface Session {
  signIn(tokens: unknown): Promise<void>;
  signOut(): Promise<void>;
}

interface Recipes {
  session: Session & { state: { status: string; subject?: string } };
  ordering: Record<"axios" | "ky", (body: unknown) => Promise<unknown>>;
  query: () => Promise<unknown>;
  stores: Record<
    "redux" | "zustand",
    { session: Session; read: () => { tokens: { accessToken: string } | null; signedOut: boolean } }
  >;
}

declare const recipes: Recipes;

async function bundleRecipes(): Promise<string> {
  const papers = new Map(blocks("docs/frameworks.md").map(({ file, code }) => [`./${file}`, code]));
  const { outputFiles } = await build({
    stdin: { contents: entry, resolveDir: root, loader: "ts" },
    bundle: true,
    write: false,
    format: "iife",
    tsconfigRaw: {},
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [
      {
        name: "docs/frameworks.md",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^\.\/.*\.ts$/ }, ({ path }) =>
            papers.has(path) ? { path, namespace: "paper" } : null,
          );
          onLoad({ filter: /./, namespace: "paper" }, ({ path }) => ({
            contents: papers.get(path) ?? "",
            loader: "ts",
            resolveDir: root,
          }));
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

/** What `bundleRecipes()` gives. A fixture of the worker would cost a worker, and a browser, of its own. */
let script: Promise<string> | undefined;

/** Playwright's `test` with a page that holds the recipes of docs/frameworks.md, signed in as Alice. */
const test = base.extend<{ site: RecipeSite; shop: Page }>({
  site: async ({ browserName: _ }, use) => {
    const site = await RecipeSite.start();
    await use(site);
    await site.close();
  },
  shop: async ({ page, site }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.goto(site.url);
    script ??= bundleRecipes();
    await page.addScriptTag({ content: await script });
    await signIn(page, "alice");
    await use(page);
    expect(errors).toEqual([]);
  },
});

const signIn = (page: Page, user: string) =>
  page.evaluate(async (user) => {
    const response = await fetch(`/api/login?user=${user}`);
    await recipes.session.signIn(await response.json());
  }, user);

for (const client of ["axios", "ky"] as const) {
  test(`${client}: ten requests refused at once cost one refresh, and are repeated with their bodies`, async ({
    shop,
    site,
  }) => {
    site.revokeTokens();
    const answers = await shop.evaluate(
      (client) =>
        Promise.all(Array.from({ length: 10 }, (_, number) => recipes.ordering[client]({ number }))),
      client,
    );
    expect(answers).toEqual(
      Array.from({ length: 10 }, (_, number) => ({ user: "alice", body: JSON.stringify({ number }) })),
    );
    expect(site.refreshes).toBe(1);
  });

  test(`${client}: where Bob signs in between Alice's 401 and its repetition, her request is not repeated`, async ({
    shop,
    site,
  }) => {
    site.revokeTokens();
    let release = (): void => {};
    const arrived = new Promise<void>((resolve) => {
      site.answering = () => {
        resolve();
        return new Promise((go) => {
          release = go;
        });
      };
    });
    const refused = shop.evaluate(
      (client) =>
        recipes.ordering[client]({ by: "alice" }).then(
          () => "answered",
          (error: { code?: string }) => error.code,
        ),
      client,
    );
    await arrived;
    await signIn(shop, "bob");
    release();
    expect(await refused).toBe("user_changed");
    expect(site.orders).toEqual([{ user: undefined, body: '{"by":"alice"}', status: 401 }]);
  });
}

test("TanStack Query: what one user has loaded is not shown to the next", async ({ shop, site }) => {
  const query = () => shop.evaluate(() => recipes.query());
  expect(await query()).toEqual({ user: "alice", body: "" });
  site.revokeTokens();
  expect(await query()).toEqual({ user: "alice", body: "" });
  await signIn(shop, "bob");
  expect(await query()).toEqual({ user: "bob", body: "" });
  expect(site.orders.filter(({ status }) => status === 200).map(({ user }) => user)).toEqual([
    "alice",
    "alice",
    "bob",
  ]);
});

for (const name of ["redux", "zustand"] as const) {
  test(`a TokenStore over ${name} holds the tokens, and remembers a sign-out`, async ({ shop }) => {
    const seen = await shop.evaluate(async (name) => {
      const { session, read } = recipes.stores[name];
      const seen = [read()];
      await session.signIn({ accessToken: "a token", subject: "alice" });
      seen.push(read());
      await session.signOut();
      return [...seen, read()];
    }, name);
    expect(seen).toEqual([
      { tokens: null, signedOut: false },
      { tokens: expect.objectContaining({ accessToken: "a token", subject: "alice" }), signedOut: false },
      { tokens: null, signedOut: true },
    ]);
  });
}
