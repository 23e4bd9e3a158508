import { existsSync } from "node:fs";

/** What drives WebKit by WebDriver, and what it drives: both come with Debian's webkit2gtk-driver. */
export interface WebKit {
  driver: string;
  browser: string;
  /** Starts a program with a display that nobody sees. */
  display: string;
}

const browsers = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(
  (machine) => `/usr/lib/${machine}/webkit2gtk-4.1/MiniBrowser`,
);

/** Undefined where it is not installed. */
export function findWebKit(): WebKit | undefined {
  const driver = "/usr/bin/WebKitWebDriver";
  const display = "/usr/bin/xvfb-run";
  const browser = browsers.find((place) => existsSync(place));
  if (browser === undefined || !existsSync(driver) || !existsSync(display)) return undefined;
  return { driver, browser, display };
}
