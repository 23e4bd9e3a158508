import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { WebKit } from "../support/webkit.ts";
import type { TabPage } from "./tab-page.ts";

/** A session by W3C's WebDriver: one browser, whose windows share what tabs share. */
export class WebDriver {
  readonly #process: ChildProcess;
  readonly #session: string;
  /** The window that it came with, which stays open: a browser ends with its last one. */
  readonly #home: string;
  /** The browser has one current window: a command and the choice of its window belong together. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(process: ChildProcess, session: string, home: string) {
    this.#process = process;
    this.#session = session;
    this.#home = home;
  }

  static async start({ driver, browser, display }: WebKit): Promise<WebDriver> {
    const port = await freePort();
    const child = spawn(display, ["--auto-servernum", driver, `--port=${port}`], {
      stdio: "ignore",
      // A group of its own: the display and the browser end with it.
      detached: true,
    });
    const address = `http://127.0.0.1:${port}`;
    await untilReady(address);
    const capabilities = { "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] } };
    const { sessionId } = await command<{ sessionId: string }>(`${address}/session`, {
      capabilities: { alwaysMatch: capabilities },
    });
    const session = `${address}/session/${sessionId}`;
    return new WebDriver(child, session, await command(`${session}/window`, undefined, "GET"));
  }

  /** Opens a window, which is shown beside the others and not in front of them. */
  async newPage(): Promise<WebDriverPage> {
    const { handle } = await this.in(this.#home, (session) =>
      command<{ handle: string }>(`${session}/window/new`, { type: "window" }),
    );
    return new WebDriverPage(this, handle);
  }

  /** Runs commands one after the other with one window as the current one. */
  in<Result>(handle: string, run: (session: string) => Promise<Result>): Promise<Result> {
    const turn = this.#turn.then(async () => {
      await command(`${this.#session}/window`, { handle });
      return run(this.#session);
    });
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async stop(): Promise<void> {
    await this.#turn;
    await fetch(this.#session, { method: "DELETE" });
    const { pid } = this.#process;
    const ended = once(this.#process, "close");
    if (pid !== undefined) process.kill(-pid, "SIGTERM");
    await ended;
  }
}

export class WebDriverPage implements TabPage {
  readonly #driver: WebDriver;
  readonly #handle: string;

  constructor(driver: WebDriver, handle: string) {
    this.#driver = driver;
    this.#handle = handle;
  }

  goto(url: string): Promise<unknown> {
    return this.#driver.in(this.#handle, (session) => command(`${session}/url`, { url }));
  }

  reload(): Promise<unknown> {
    return this.#driver.in(this.#handle, (session) => command(`${session}/refresh`, {}));
  }

  /** By the driver's own command: a script that meets a page as it is put away is never answered. */
  goBack(): Promise<unknown> {
    return this.#driver.in(this.#handle, (session) => command(`${session}/back`, {}));
  }

  async close(): Promise<void> {
    await this.#driver.in(this.#handle, (session) => command(`${session}/window`, undefined, "DELETE"));
  }

  // Not by `execute/async`, which keeps all other windows waiting for its end.
  async evaluate<Result, Argument>(
    run: (argument: Argument) => Result | Promise<Result>,
    argument?: Argument,
  ): Promise<Result> {
    const id = await this.#execute<number>(START, [run.toString(), argument]);
    for (;;) {
      const outcome = await this.#execute<string | null>(COLLECT, [id]);
      if (outcome !== null) return resultOf(outcome);
      await delay(POLLING);
    }
  }

  async waitForFunction<Argument>(
    holds: (argument: Argument) => unknown,
    argument?: Argument,
    { polling = POLLING, timeout = 30_000 }: { polling?: number; timeout?: number } = {},
  ): Promise<void> {
    const end = Date.now() + timeout;
    while (!(await this.#execute(CHECK, [holds.toString(), argument]))) {
      if (Date.now() > end) throw new Error(`not within ${timeout} ms: ${holds}`);
      await delay(polling);
    }
  }

  #execute<Result>(script: string, args: unknown[]): Promise<Result> {
    return this.#driver.in(this.#handle, (session) => {
      return command<Result>(`${session}/execute/sync`, { script, args: args.map((arg) => arg ?? null) });
    });
  }
}

/** ms between two looks at what a page is about */
const POLLING = 20;

// As text: WebDriver makes null of undefined.
const START = `
  const [code, argument] = arguments;
  const outcomes = (window.__outcomes ??= []);
  const id = outcomes.push(null) - 1;
  new Promise((resolve) => resolve(eval("(" + code + ")")(argument ?? undefined))).then(
    (result) => { outcomes[id] = JSON.stringify({ result }); },
    (error) => { outcomes[id] = JSON.stringify({ failure: String(error) }); },
  );
  return id;`;
const COLLECT = "return window.__outcomes[arguments[0]];";
const CHECK = 'return Boolean(eval("(" + arguments[0] + ")")(arguments[1] ?? undefined));';

function resultOf<Result>(outcome: string): Result {
  const { result, failure } = JSON.parse(outcome) as { result: Result; failure?: string };
  if (failure !== undefined) throw new Error(failure);
  return result;
}

async function command<Result>(url: string, body?: object, method = "POST"): Promise<Result> {
  const response = await fetch(url, { method, ...(body && { body: JSON.stringify(body) }) });
  const { value } = (await response.json()) as { value: Result & { error: string; message: string } };
  if (!response.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
  return value;
}

async function untilReady(address: string): Promise<void> {
  for (const end = Date.now() + 20_000; ; await delay(50)) {
    const response = await fetch(`${address}/status`).catch(() => undefined);
    if (response?.ok) return;
    if (Date.now() > end) throw new Error("the WebDriver did not answer within 20 s");
  }
}

/** WebKitWebDriver takes no port 0. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a port was asked for");
  return address.port;
}
