import { fileURLToPath } from "node:url";

/** The tests that run everywhere, against what was built, in the environments that users of Jest have. */
const rootDir = fileURLToPath(new URL("../..", import.meta.url));

const project = (displayName, testEnvironment, more) => ({
  displayName,
  testEnvironment,
  rootDir,
  testMatch: ["<rootDir>/test/testing/everywhere/**/*.test.ts"],
  transform: { "\\.tsx?$": "<rootDir>/test/jest/transform.cjs" },
  moduleNameMapper: {
    "^authsocket$": "<rootDir>/dist/authsocket.cjs",
    "^authsocket/(react|vue|testing)$": "<rootDir>/dist/$1.cjs",
    "^vitest$": "<rootDir>/test/jest/vitest.cjs",
  },
  ...more,
});

const inPages = ["everywhere", "page"].map((room) => `<rootDir>/test/testing/${room}/**/*.test.{ts,tsx}`);

export default {
  // Shared with other runs, it would be of use only to Jest itself.
  cache: false,
  maxWorkers: 2,
  // A worker has nothing left to do, and says so, but on a busy machine its process takes seconds to end.
  workerGracefulExitTimeout: 30_000,
  testTimeout: 60_000,
  projects: [
    project("node", "node", {
      testMatch: ["<rootDir>/test/testing/everywhere/**/*.test.ts", "<rootDir>/test/jest/*.test.cjs"],
      setupFiles: ["<rootDir>/test/testing/everywhere/document.ts"],
      // jsdom's document outlives the test file.
      testEnvironmentOptions: { globalsCleanup: "off" },
    }),
    project("jsdom", "jest-environment-jsdom", { testMatch: inPages }),
    project("happy-dom", "@happy-dom/jest-environment", { testMatch: inPages }),
  ],
};
