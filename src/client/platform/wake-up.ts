/**
 * Tells when the page comes back to life: timers of a sleeping, hidden or frozen page do not run on time (B4, T23).
 *
 * @param listener `online` is true where it is the network that came back
 * @returns its undo
 */
export function onWakeUp(listener: (online: boolean) => void): () => void {
  const targets: [EventTarget | undefined, string[]][] = [
    [globalThis.window, ["pageshow", "online", "focus"]],
    [globalThis.document, ["visibilitychange", "resume"]],
  ];
  const heard = (event: Event) => listener(event.type === "online");
  for (const [target, types] of targets) for (const type of types) target?.addEventListener(type, heard);
  return () => {
    for (const [target, types] of targets) for (const type of types) target?.removeEventListener(type, heard);
  };
}
