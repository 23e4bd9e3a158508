import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

export default defineConfig({
  root,
  resolve: {
    // Unit and integration tests read the sources; what is built is the matter of test/package.
    alias: {
      "authsocket/react": `${root}src/adapters/react.ts`,
      "authsocket/vue": `${root}src/adapters/vue.ts`,
      "authsocket/svelte": `${root}src/adapters/svelte.ts`,
      "authsocket/server": `${root}src/server/index.ts`,
      "authsocket/sources": `${root}src/sources/index.ts`,
      "authsocket/testing": `${root}src/testing/index.ts`,
      authsocket: `${root}src/client/index.ts`,
      // `npm run versions` has other releases of Socket.IO in the place of the installed ones.
      ...JSON.parse(process.env.AUTHSOCKET_REPLACED ?? "{}"),
    },
  },
  test: {
    allowOnly: false,
    // Twice as many as two cores: most of them wait most of the time, for a line or a timer.
    maxWorkers: 4,
    // One process runs many files, and loads Socket.IO, Express and the rest once. What a test replaces, it puts back.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    // Bounds for what hangs, wide enough for a machine that runs three browsers beside them.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      // One project, so that the sources are transformed once, and loaded once in each process.
      {
        extends: true,
        test: {
          name: "source",
          include: ["test/{unit,integration}/**/*.test.ts", "test/testing/*.test.ts"],
          setupFiles: ["own-globals", "real-timers", "unfollowed-promises"].map(
            (name) => `test/support/${name}.ts`,
          ),
        },
      },
      // In processes of its own: what else goes on in one while a tab is at work would get that tab's timers.
      { extends: true, test: { name: "simulation", include: ["test/simulation/**/*.test.ts"] } },
      // Where users' tests run.
      ...["node", "jsdom", "happy-dom"].map((environment) => ({
        extends: true as const,
        test: {
          name: `testing-${environment}`,
          environment,
          include: [
            "test/testing/everywhere/*.test.ts",
            ...(environment === "node" ? [] : ["test/testing/page/*.test.{ts,tsx}"]),
          ],
          // A few files, for which loading a page's environment takes most of the time: one process loads it once.
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
          setupFiles: environment === "node" ? "test/testing/everywhere/document.ts" : [],
        },
      })),
      {
        extends: true,
        // Packing and compiling take seconds where other tests take milliseconds.
        test: {
          name: "package",
          include: ["test/package/**/*.test.ts"],
          globalSetup: "test/package/pack.ts",
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
