// What the tests take from Vitest, from Jest's globals.
module.exports = { afterEach, beforeEach, describe, expect, it, vi: jest };
