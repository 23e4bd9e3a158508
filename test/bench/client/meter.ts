import { pause } from "./pause.ts";

/** What the clients of one host have used. Only the host can measure it. */
export interface Meter {
  /** µs of processor time so far */
  cpu(): Promise<number>;
  /** bytes of the heap that are in use, garbage excluded */
  heap(): Promise<number>;
}

/** Twice, because objects with finalisers are freed by the second collection only. */
export async function afterLooks(collect: () => unknown): Promise<void> {
  for (let look = 0; look < 3; look++) {
    await pause(50);
    await collect();
  }
}
