/** What the clients of one host have used of the machine, as only the host can tell. */
export interface Meter {
  /** µs of processor time so far */
  cpu(): Promise<number>;
  /** bytes of the heap that are in use, garbage excluded */
  heap(): Promise<number>;
}

/** What finalisers hold is garbage only at the second look. */
export async function afterLooks(collect: () => unknown): Promise<void> {
  for (let look = 0; look < 3; look++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    await collect();
  }
}
