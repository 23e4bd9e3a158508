// `npm run mutate`: changes the client's code in small ways and looks whether a test fails. Each survivor names a decision
// that no test looks at. `-- --mutate 'src/client/lease/**/*.ts'` looks at a part.

/** Where it is decided who is signed in, with which token, on which connection, and whose turn it is. */
const deciding = ["token", "session", "connection", "lease"].map((room) => `src/client/${room}/**/*.ts`);

export default {
  packageManager: "npm",
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  vitest: { configFile: "test/mutation/vitest.config.ts", related: false },
  coverageAnalysis: "perTest",
  mutate: deciding,
  ignorePatterns: ["/dist", "/demo/dist", "/docs", "/.browser", "/.versions", "/test-results"],
  concurrency: 2,
  // A mutant that waits for ever is one that a test has found out.
  timeoutMS: 10_000,
  reporters: ["progress", "clear-text", "json"],
  clearTextReporter: { reportTests: false, allowColor: false },
  jsonReporter: { fileName: "test-results/mutation.json" },
  tempDirName: "test-results/mutation",
  thresholds: { high: 98, low: 96, break: 96 },
};
