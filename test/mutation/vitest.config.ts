import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Stryker's runner takes no projects, and asks each mutant of the tests that reach it: those that take no real time.
export default defineConfig({
  root,
  resolve: {
    alias: {
      "authsocket/server": `${root}src/server/index.ts`,
      "authsocket/sources": `${root}src/sources/index.ts`,
      authsocket: `${root}src/client/index.ts`,
    },
  },
  test: {
    include: [
      "test/unit/**/*.test.ts",
      "test/simulation/simulation.test.ts",
      "test/integration/session-*.test.ts",
      "test/integration/sockets-{insistence,machine,payload}.test.ts",
    ],
    exclude: ["test/unit/demo*", "test/unit/architecture.test.ts", "test/unit/bench*"],
    // Loading the files anew for each mutant would take four times as long as running them.
    isolate: false,
    restoreMocks: true,
    unstubGlobals: true,
    testTimeout: 15_000,
  },
});
