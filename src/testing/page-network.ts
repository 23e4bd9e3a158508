/**
 * What a page knows about its network: `navigator.onLine`, and the events `offline` and `online`. Outside a page there is none of
 * this.
 */
export class PageNetwork {
  #isOnline = true;

  get isOnline(): boolean {
    return this.#isOnline;
  }

  change(isOnline: boolean): void {
    if (isOnline === this.#isOnline) return;
    this.#isOnline = isOnline;
    const { window, navigator } = globalThis as { window?: Window; navigator?: Navigator };
    if (!window || typeof window.dispatchEvent !== "function") return;
    if (navigator) {
      if (isOnline) Reflect.deleteProperty(navigator, "onLine");
      else Object.defineProperty(navigator, "onLine", { value: false, configurable: true });
    }
    window.dispatchEvent(new Event(isOnline ? "online" : "offline"));
  }
}
