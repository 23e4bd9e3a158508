import { afterAll, vi } from "vitest";

// One process runs many files, and Vitest puts back what a test has replaced only before the next test: the next file's imports
// would still see it, as Vue's see a `document` that is none.
afterAll(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});
