const { createTestServer } = require("authsocket/testing");

// Vitest has none.
it("Jest's legacy fake timers are told to be others", () => {
  jest.useFakeTimers({ legacyFakeTimers: true });
  expect(() => createTestServer()).toThrow("Jest's legacy fake timers are on");
  jest.useRealTimers();
});
