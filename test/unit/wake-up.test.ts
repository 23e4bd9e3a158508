import { describe, expect, it, onTestFinished, vi } from "vitest";
import { onWakeUp } from "../../src/client/platform/wake-up.ts";

function newPage() {
  const page = { window: new EventTarget(), document: new EventTarget() };
  for (const [name, target] of Object.entries(page)) vi.stubGlobal(name, target);
  onTestFinished(() => {
    vi.unstubAllGlobals();
  });
  return page;
}

describe("wake-up events", () => {
  it.each([
    ["window", "pageshow", false],
    ["window", "focus", false],
    ["window", "online", true],
    ["document", "visibilitychange", false],
    ["document", "resume", false],
  ] as const)("B4 the %s's %s is one, until undone", (target, type, isOnline) => {
    const page = newPage();
    const listener = vi.fn();
    const undo = onWakeUp(listener);
    page[target].dispatchEvent(new Event(type));
    expect(listener).toHaveBeenCalledExactlyOnceWith(isOnline);
    undo();
    page[target].dispatchEvent(new Event(type));
    expect(listener).toHaveBeenCalledOnce();
  });

  it("B4 other events are none", () => {
    const page = newPage();
    const listener = vi.fn();
    onWakeUp(listener);
    for (const type of ["offline", "blur", "pagehide", "freeze"]) {
      page.window.dispatchEvent(new Event(type));
      page.document.dispatchEvent(new Event(type));
    }
    expect(listener).not.toHaveBeenCalled();
  });

  it("B4 B20 a worker, which has no window, hears that the network is back", () => {
    const worker = new EventTarget();
    for (const name of ["addEventListener", "removeEventListener"] as const)
      vi.stubGlobal(name, worker[name].bind(worker));
    onTestFinished(() => {
      vi.unstubAllGlobals();
    });
    const listener = vi.fn();
    const undo = onWakeUp(listener);
    worker.dispatchEvent(new Event("online"));
    expect(listener).toHaveBeenCalledExactlyOnceWith(true);
    undo();
    worker.dispatchEvent(new Event("online"));
    expect(listener).toHaveBeenCalledOnce();
  });

  it("B20 there is nothing to hear where there is no page", () => {
    expect(() => onWakeUp(() => {})()).not.toThrow();
  });
});
