import { existsSync } from "node:fs";

const installedPlaces: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
  darwin: ["/Applications/Firefox.app/Contents/MacOS/firefox"],
  win32: ["C:\\Program Files\\Mozilla Firefox\\firefox.exe"],
};

/** The Firefox that `FIREFOX_PATH` names, or one that is installed; undefined where there is none. */
export function findFirefox(): string | undefined {
  const chosen = process.env.FIREFOX_PATH;
  const places = chosen ? [chosen] : (installedPlaces[process.platform] ?? []);
  return places.find((place) => existsSync(place));
}
