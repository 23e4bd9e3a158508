const { createTestServer } = require("authsocket/testing");

// Vitest has neither.
it("Jest's legacy fake timers are told to be others", () => {
  jest.useFakeTimers({ legacyFakeTimers: true });
  expect(() => createTestServer()).toThrow("Jest's legacy fake timers are on");
  jest.useRealTimers();
});

it("Jest's fake timers that leave Date alone are told to include it", () => {
  jest.useFakeTimers({ doNotFake: ["Date"] });
  expect(() => createTestServer()).toThrow("fake timers are on, but not for Date");
  jest.useRealTimers();
});
