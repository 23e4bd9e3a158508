import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium as playwrightChromium } from "playwright";

/** What Playwright's `launchOptions` need to start the browser that was found. */
export interface Chromium {
  executablePath: string;
  args: string[];
  env: Record<string, string | undefined>;
}

/** A browser that starts, with what it needs beyond the arguments and the environment that all get. */
type Found = { executablePath: string; args?: string[]; env?: Record<string, string> };

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Where the browser that comes from npm is unpacked; ignored by git, deleted without harm. */
const unpacked = join(root, ".browser");

const isRoot = process.getuid?.() === 0;

const commonArgs = [
  // Chromium's sandbox refuses to run as root.
  ...(isRoot ? ["--no-sandbox"] : []),
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const installedPlaces = (): string[] => {
  switch (process.platform) {
    case "darwin":
      return ["Google Chrome", "Chromium"].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);
    case "win32":
      return ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"].flatMap((variable) => {
        const folder = process.env[variable];
        if (folder === undefined) return [];
        return [
          join(folder, "Google", "Chrome", "Application", "chrome.exe"),
          join(folder, "Chromium", "Application", "chrome.exe"),
        ];
      });
    default:
      return [
        "/usr/bin/google-chrome-stable",
        "/usr/bin/google-chrome",
        "/opt/google/chrome/chrome",
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/snap/bin/chromium",
      ];
  }
};

/** Runs a command for at most `timeout` ms. Answers whether it succeeded; failing is normal here, so it is quiet. */
function succeeds(
  command: string,
  commandArgs: string[],
  timeout: number,
  env?: Record<string, string>,
): boolean {
  try {
    execFileSync(command, commandArgs, {
      stdio: "ignore",
      timeout,
      cwd: root,
      env: { ...process.env, ...env },
    });
    return true;
  } catch {
    return false;
  }
}

/** A file that exists may still be half unpacked or lack its libraries: only one that starts will do. */
function starts(executablePath: string, env?: Record<string, string>): boolean {
  if (!existsSync(executablePath)) return false;
  // On Windows `--version` opens a window instead of answering.
  return process.platform === "win32" || succeeds(executablePath, ["--version", "--no-sandbox"], 20_000, env);
}

const firstThatStarts = (places: string[]): Found | undefined => {
  const executablePath = places.find((place) => starts(place));
  return executablePath === undefined ? undefined : { executablePath };
};

function unpackFromNpm(): Found | undefined {
  if (process.platform !== "linux" || process.arch !== "x64") return undefined;
  const executablePath = join(unpacked, "chromium");
  const env = { LD_LIBRARY_PATH: join(unpacked, "al2023", "lib"), FONTCONFIG_PATH: join(unpacked, "fonts") };
  if (!starts(executablePath, env)) {
    rmSync(unpacked, { recursive: true, force: true });
    mkdirSync(unpacked);
    // The package unpacks into TMPDIR, and brings the libraries that a bare machine lacks when it believes to run on Lambda.
    const unpack = 'await (await import("@sparticuz/chromium")).default.executablePath()';
    const lambda = { TMPDIR: unpacked, AWS_LAMBDA_JS_RUNTIME: "nodejs22.x" };
    succeeds(process.execPath, ["--input-type=module", "--eval", unpack], 60_000, lambda);
    // Its own configuration looks for fonts where Lambda has them; a page without any font ends the browser.
    const folders = [join(unpacked, "fonts"), "/usr/share/fonts"].map((folder) => `<dir>${folder}</dir>`);
    writeFileSync(join(unpacked, "fonts", "fonts.conf"), `<fontconfig>${folders.join("")}</fontconfig>\n`);
  }
  if (!starts(executablePath, env)) return undefined;
  return { executablePath, args: ["--headless=shell", "--no-sandbox"], env };
}

function installFromDebian(): Found | undefined {
  if (!isRoot || !existsSync("/usr/bin/apt-get")) return undefined;
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  succeeds("apt-get", [...lock, "update"], 120_000, env);
  succeeds("apt-get", [...lock, "install", "--yes", "--no-install-recommends", "chromium"], 480_000, env);
  return firstThatStarts(["/usr/bin/chromium"]);
}

function installByPlaywright(): Found | undefined {
  const cli = join(root, "node_modules/playwright/cli.js");
  succeeds(process.execPath, [cli, "install", "chromium"], 120_000);
  return firstThatStarts([playwrightChromium.executablePath()]);
}

// From the cheapest to the dearest: what is there, what Playwright can fetch, what npm has brought, what root may install.
const sources: Record<string, () => Found | undefined> = {
  installed: () => firstThatStarts(installedPlaces()),
  playwright: () => firstThatStarts([playwrightChromium.executablePath()]),
  "playwright-install": installByPlaywright,
  npm: unpackFromNpm,
  debian: installFromDebian,
};

function search(): Found {
  const chosen = process.env.CHROME_PATH;
  if (chosen) {
    const found = firstThatStarts([chosen]);
    if (found) return found;
    throw new Error(`CHROME_PATH names no browser that starts: ${chosen}`);
  }
  const preferred = sources[process.env.AUTHSOCKET_BROWSER ?? ""];
  for (const find of [...(preferred ? [preferred] : []), ...Object.values(sources)]) {
    const found = find();
    if (found) return found;
  }
  throw new Error(
    "The browser tests need Chrome or Chromium, and none was found or could be installed. Install one " +
      "(for instance `apt-get install chromium`, or `npx playwright install --with-deps chromium`) or set CHROME_PATH.",
  );
}

/**
 * Finds a Chromium, or installs one. `CHROME_PATH` names one outright; `AUTHSOCKET_BROWSER` the source that is
 * tried first ("installed", "playwright", "playwright-install", "npm" or "debian"). The answer is kept in the environment, so that
 * Playwright's worker processes, which load the configuration too, do not search again.
 * @throws Error that says what to install, when there is no browser to be had.
 */
export function findChromium(): Chromium {
  const known = process.env.AUTHSOCKET_CHROMIUM;
  const found: Found = known === undefined ? search() : JSON.parse(known);
  process.env.AUTHSOCKET_CHROMIUM = JSON.stringify(found);
  return {
    executablePath: found.executablePath,
    args: [...commonArgs, ...(found.args ?? [])],
    env: { ...process.env, ...found.env },
  };
}
