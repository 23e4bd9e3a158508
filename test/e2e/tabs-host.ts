/** A name of this machine that is no loopback address to a browser: on plain http a page there has no secure context. */
export const TABS_HOST = "tabs.test";
