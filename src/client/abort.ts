/** Why a signal was aborted. Chrome 90, Firefox 90 and Safari 15 keep no reason, and React Native has no DOMException (B20). */
function abortReason(signal: AbortSignal): unknown {
  const message = "The operation was aborted.";
  const name = "AbortError";
  const isPlain = typeof DOMException === "undefined";
  return (
    signal.reason ?? (isPlain ? Object.assign(new Error(message), { name }) : new DOMException(message, name))
  );
}

/** What `signal.throwIfAborted()` does where there is one (B20). */
export function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw abortReason(signal);
}

/** @returns a function that ends it */
export function onAbort(signal: AbortSignal | undefined, aborted: (reason: unknown) => void): () => void {
  const heard = () => signal && aborted(abortReason(signal));
  signal?.addEventListener("abort", heard);
  return () => signal?.removeEventListener("abort", heard);
}
