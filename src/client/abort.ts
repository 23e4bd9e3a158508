/** Why a signal was aborted. Chrome 90, Firefox 90 and Safari 15 keep no reason (B20). */
function abortReason(signal: AbortSignal): unknown {
  return signal.reason ?? new DOMException("The operation was aborted.", "AbortError");
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
