const EVENTS = [
  ["window", ["pageshow", "online", "focus"]],
  ["document", ["visibilitychange", "resume"]],
] as const;

/**
 * Tells when the page comes back to life: timers of a sleeping, hidden or frozen page do not run on time (B4, T23).
 *
 * @param listener `online` is true where it is the network that came back
 * @returns its undo
 */
export function onWakeUp(listener: (online: boolean) => void): () => void {
  const heard = (event: Event) => listener(event.type === "online");
  forEachEvent("addEventListener", heard);
  return () => forEachEvent("removeEventListener", heard);
}

function forEachEvent(act: "addEventListener" | "removeEventListener", heard: (event: Event) => void): void {
  for (const [target, types] of EVENTS) for (const type of types) globalThis[target]?.[act](type, heard);
}
