import { onTestFinished } from "vitest";

/** Disposes of an AuthSocket or an AuthSession when the test is over. */
export function disposed<T extends { dispose(): void }>(thing: T): T {
  onTestFinished(() => thing.dispose());
  return thing;
}
