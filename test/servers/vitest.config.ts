import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../..", import.meta.url));

// The servers of docs/servers.md with their real packages, which `npm run test:servers` installs here.
export default defineConfig({
  root,
  resolve: {
    alias: {
      "authsocket/server": `${root}src/server/index.ts`,
      authsocket: `${root}src/client/index.ts`,
    },
  },
  test: {
    allowOnly: false,
    include: ["test/servers/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 600_000,
    maxWorkers: 1,
  },
});
