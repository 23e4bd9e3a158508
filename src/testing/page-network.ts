/** The networks that are down. They share the page's `navigator`. */
const down = new Set<PageNetwork>();

const isOnLine = () => down.size === 0;

/** The app's own `navigator.onLine`, such as a stub. */
let own: PropertyDescriptor | undefined;

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
    if (isOnline) down.delete(this);
    else down.add(this);
    if (navigator) replaceOnLine(navigator);
    window.dispatchEvent(new Event(isOnline ? "online" : "offline"));
  }
}

/** While a network is down. Then it is the app's own again, unless somebody has replaced it since. */
function replaceOnLine(navigator: Navigator): void {
  const current = Object.getOwnPropertyDescriptor(navigator, "onLine");
  const isReplaced = current?.get === isOnLine;
  if (isOnLine() === !isReplaced) return;
  if (isReplaced) {
    if (own) Object.defineProperty(navigator, "onLine", own);
    else Reflect.deleteProperty(navigator, "onLine");
  } else {
    own = current;
    Object.defineProperty(navigator, "onLine", { get: isOnLine, configurable: true });
  }
}
