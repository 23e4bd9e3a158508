/** What has brought a page back to life: it is seen again, or the network is back. */
export type WakeUp = "visible" | "online";

const EVENTS = [
  ["window", ["pageshow", "online", "focus"]],
  ["document", ["visibilitychange", "resume"]],
] as const;

/**
 * Tells when the page comes back to life: timers of a sleeping, hidden or frozen page do not run on time (B4, T23).
 *
 * @returns a function that ends it
 */
export function onWakeUp(listener: (wakeUp: WakeUp) => void): () => void {
  const heard = ({ type }: Event) => listener(type === "online" ? "online" : "visible");
  forEachEvent("addEventListener", heard);
  return () => forEachEvent("removeEventListener", heard);
}

function forEachEvent(act: "addEventListener" | "removeEventListener", heard: (event: Event) => void): void {
  // B20: React Native has a `window` without events.
  for (const [target, types] of EVENTS) for (const type of types) globalThis[target]?.[act]?.(type, heard);
}
