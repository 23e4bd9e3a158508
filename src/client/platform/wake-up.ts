const PAGE_EVENTS = ["pageshow", "online", "focus"];
const DOCUMENT_EVENTS = ["visibilitychange", "resume"];

/**
 * Tells when the page comes back to life: timers of a sleeping, hidden or frozen page do not run on time (B4, T23).
 *
 * @param listener called with true where the network is back, and false where the page is seen again
 * @returns a function that ends it
 */
export function onWakeUp(listener: (isOnline: boolean) => void): () => void {
  const heard = ({ type }: Event) => listener(type === "online");
  forEachEvent("addEventListener", heard);
  return () => forEachEvent("removeEventListener", heard);
}

function forEachEvent(act: "addEventListener" | "removeEventListener", heard: (event: Event) => void): void {
  // B20: a worker has no `window`, and React Native has one without events.
  const page: Partial<EventTarget> = globalThis.window ?? globalThis;
  for (const type of PAGE_EVENTS) page[act]?.(type, heard as EventListener);
  for (const type of DOCUMENT_EVENTS) globalThis.document?.[act]?.(type, heard as EventListener);
}
