import type { RefreshReason, TokenSource } from "authsocket";

type Answer = Awaited<ReturnType<TokenSource["get"]>>;

export const cached: RefreshReason[] = ["missing", "expiring"];
export const forcing: RefreshReason[] = ["rejected", "expired", "forced"];

/** What a source answers when it is asked for such a reason. */
export async function ask(source: TokenSource, reason: RefreshReason): Promise<Answer> {
  const rejected = reason === "rejected" ? "refused" : undefined;
  return source.get({ reason, rejected, signal: new AbortController().signal });
}

/** How often a source tells of news while something happens. */
export async function newsOf(source: TokenSource, happen: () => unknown): Promise<number> {
  let told = 0;
  const stop = source.subscribe?.(() => {
    told++;
  });
  await happen();
  stop?.();
  return told;
}

export const failure = (fields: object) => Object.assign(new Error("failed"), fields);

/** Whether a promise is still open after all that can be done at once has been done. */
export async function waits(promise: Promise<unknown>): Promise<boolean> {
  const open = Symbol("open");
  return (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, open))])) === open;
}
