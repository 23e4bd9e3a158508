/** Bytes of gzip that an entry point may add to an app, beside the peers that the app has. */
export interface Price {
  /** The whole of it. */
  whole: number;
  /** What it should weigh, where it weighs more. */
  goal?: number;
  /** What any of its names may cost by itself, beyond an empty bundle; or, by name, what each may. */
  names: number | Record<string, number>;
}

/** By entry point. */
export const prices: Record<string, Price> = {
  // What it weighs today, and a little more. docs/benchmarks.md tells the goal as well.
  authsocket: {
    whole: 31_400,
    goal: 16_500,
    names: {
      AuthSession: 20_400,
      AuthSocket: 31_400,
      AuthSocketError: 400,
      isTokenRefused: 600,
      memoryStore: 400,
      webStorageStore: 800,
    },
  },
  "authsocket/session": { whole: 20_400, goal: 11_000, names: 20_400 },
  "authsocket/react": { whole: 1_000, names: 1_000 },
  "authsocket/vue": { whole: 1_000, names: 1_000 },
  "authsocket/svelte": { whole: 1_000, names: 1_000 },
  "authsocket/sources": { whole: 4_000, names: 500 },
};

/** Those that no page loads. */
export const unpriced = ["authsocket/server", "authsocket/testing"];
