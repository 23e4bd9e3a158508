// `npm run e2e`: the browser tests in Chromium, or in another engine by `-- --project firefox` or `-- --project webkit`.
// `--install` installs that engine first, on Debian and as root. Whatever else is given goes to Playwright.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { engines, installFromDebian } from "../support/engines.ts";

const { values, tokens } = parseArgs({
  options: { project: { type: "string", default: "chromium" }, install: { type: "boolean" } },
  strict: false,
  tokens: true,
});
const own = new Set(tokens.flatMap((token) => (isOwn(token) ? [token.index, valueIndex(token)] : [])));
const rest = process.argv.slice(2).filter((_, index) => !own.has(index));

const name = String(values.project);
if (name in engines) {
  const { isHere, packages } = engines[name as keyof typeof engines];
  if (values.install && !isHere()) installFromDebian(packages);
  if (!isHere()) {
    console.error(`${name} is not installed. As root on Debian: npm run e2e -- --project ${name} --install`);
    process.exit(1);
  }
}
const playwright = fileURLToPath(new URL("../../node_modules/playwright/cli.js", import.meta.url));
const config = fileURLToPath(new URL("playwright.config.ts", import.meta.url));
const { status } = spawnSync(process.execPath, [playwright, "test", "--config", config, ...rest], {
  stdio: "inherit",
  env: { ...process.env, AUTHSOCKET_ENGINE: name },
});
process.exitCode = status ?? 1;

type Token = (typeof tokens)[number];

function isOwn(token: Token): boolean {
  return token.kind === "option" && (token.name === "project" || token.name === "install");
}

/** Where an option's value stands: with it, or behind it. */
function valueIndex(token: Token): number {
  return token.index + (token.kind === "option" && token.value !== undefined && !token.inlineValue ? 1 : 0);
}
