// Everything `npm test` checks. What waits for time has the machine, one stage after the other. What only computes runs beside
// it at the lowest priority, on what time those leave. A failed stage stops no other, except those that need what it makes; the
// last line sums every test, and each check as one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { constants, setPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { findChromium } from "./support/chromium.ts";
import { type Count, readVitest } from "./support/vitest-report.ts";

type Stage = Count & { name: string; seconds: number; note: string };

const stages: Stage[] = [];
const reports = mkdtempSync(join(tmpdir(), "authsocket-test-"));

const one = (passed: boolean): Count => ({ passed: Number(passed), failed: Number(!passed) });

async function stage(name: string, work: () => Promise<Count>): Promise<boolean> {
  console.log(`▶ ${name}`);
  const start = Date.now();
  let count = one(false);
  let note = "";
  try {
    count = await work();
  } catch (error) {
    note = error instanceof Error ? error.message : String(error);
  }
  stages.push({ name, ...count, seconds: (Date.now() - start) / 1000, note });
  return count.failed === 0;
}

function skipped(name: string, cause: string): void {
  stages.push({ name, ...one(false), seconds: 0, note: `not run: ${cause} failed` });
}

/** How an npm script is run. */
interface Run {
  args?: string[];
  /** ms that it may take. Default: ten minutes. */
  timeout?: number;
  /** Whether it only takes the processor's time that others leave. */
  isPatient?: boolean;
  /** Where Playwright reports to. */
  playwrightReport?: string;
}

/** Leaves the processor to others. */
function lower(pid: number): void {
  setPriority(pid, constants.priority.PRIORITY_LOW);
  try {
    // Where Linux shares the processor among sessions, a process's own priority says nothing outside of its session.
    writeFileSync(`/proc/${pid}/autogroup`, String(constants.priority.PRIORITY_LOW));
  } catch {
    // It does not.
  }
}

/** Runs an npm script of package.json and answers whether it succeeded. */
async function script(
  name: string,
  { args = [], timeout = 600_000, isPatient = false, playwrightReport = "" }: Run = {},
): Promise<boolean> {
  const windows = process.platform === "win32";
  const child = spawn("npm", ["run", "--silent", name, "--", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    shell: windows,
    // A process group of its own, so that whatever the tool has started can be ended with it.
    detached: !windows,
    env: { ...process.env, PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport },
  });
  if (isPatient && child.pid !== undefined) lower(child.pid);
  for (const output of [child.stdout, child.stderr]) {
    createInterface(output).on(
      "line",
      (line) => line.trim() !== "" && console.log(`${name.padEnd(12)} ${line}`),
    );
  }
  const end = () => {
    if (child.pid !== undefined) process.kill(windows ? child.pid : -child.pid, "SIGKILL");
  };
  const timer = setTimeout(() => {
    console.error(`${name} took longer than ${timeout / 1000} s`);
    end();
  }, timeout);
  process.once("exit", end);
  const [status] = await once(child, "close");
  process.off("exit", end);
  clearTimeout(timer);
  return status === 0;
}

/** A run that ended badly has failed, whatever its report says or lacks. A test that was skipped has not passed. */
function tests(succeeded: boolean, count: Count): Count {
  return succeeded || count.failed > 0 ? count : { ...count, failed: 1 };
}

function readPlaywright(report: string): Count {
  const { stats, errors } = JSON.parse(readFileSync(report, "utf8")) as {
    stats: { expected: number; unexpected: number; flaky: number; skipped: number };
    errors: unknown[];
  };
  return { passed: stats.expected, failed: stats.unexpected + stats.flaky + stats.skipped + errors.length };
}

// Interrupted from the keyboard or by a supervisor, it takes the running tool along.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

async function check(name: string): Promise<void> {
  await stage(name, async () => one(await script(name, { isPatient: true })));
}

async function vitest(name: string, args: string[], isPatient = false): Promise<void> {
  await stage(name, async () => {
    const report = join(reports, `${name}.json`);
    const reporting = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const succeeded = await script("vitest", {
      args: [...args, ...reporting],
      timeout: 1_200_000,
      isPatient,
    });
    return tests(succeeded, readVitest(report));
  });
}

/**
 * The browser tests that every change must pass, but for those that wait for a chance to come ("@chance"). `npm run e2e` runs
 * all of them, `-- --project firefox` and the like those of another engine, and `npm run bench -- --quick` counts what is lost
 * under load.
 */
async function e2e(): Promise<void> {
  await stage("e2e", async () => {
    const report = join(reports, "e2e.json");
    const args = ["--project", "chromium", "--reporter=list,json"];
    const succeeded = await script("e2e:daily", { args, timeout: 1_260_000, playwrightReport: report });
    return tests(succeeded, readPlaywright(report));
  });
}

// Its headless shell draws nothing that nobody looks at, and takes two thirds of the time. `npm run e2e` prefers a whole browser.
process.env.AUTHSOCKET_BROWSER ??= "npm";

const build = stage("build", async () => one(await script("build")));

/** What waits for time. */
async function timed(): Promise<void> {
  const built = await build;
  const browser = await stage("browser", async () => one(Boolean(findChromium())));
  if (built) await vitest("vitest", ["--project=source", "--project=simulation"]);
  else skipped("vitest", "build");
  if (built && browser) await e2e();
  else skipped("e2e", built ? "browser" : "build");
}

/** What only computes: the package, and what reads the sources alone. */
async function packaged(): Promise<void> {
  for (const name of ["lint", "unused"]) await check(name);
  if (await build) await vitest("package", ["--project=package", "--maxWorkers=1"], true);
  else skipped("package", "build");
}

/** What only computes: types, and tests whose clocks are in their hands. */
async function computed(): Promise<void> {
  await build;
  await check("typecheck");
  await vitest("testing", ["--project=testing-*"], true);
  await check("jest");
}

await Promise.all([timed(), packaged(), computed()]);
rmSync(reports, { recursive: true, force: true });

console.log();
for (const { name, passed, failed, seconds, note } of stages) {
  const verdict = failed === 0 ? `${passed} passed` : `${failed} FAILED, ${passed} passed`;
  console.log(
    `${failed === 0 ? "✓" : "✗"} ${name.padEnd(14)}${seconds.toFixed(1).padStart(6)} s  ${verdict}  ${note}`.trimEnd(),
  );
}

const sum = (key: keyof Count) => stages.reduce((total, { [key]: count }) => total + count, 0);
process.exitCode = sum("failed") === 0 ? 0 : 1;
console.log(`\n${sum("passed")} passed, ${sum("failed")} failed`);
