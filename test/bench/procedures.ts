import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

/** Functions that one process offers to another by name. Parameters and answers are JSON. */
export type Procedures = Record<string, (parameters: never) => unknown>;

/** A process of its own that offers procedures. */
export class Remote<Offered extends Procedures> {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #calls = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", ({ call, value, failure }: Answer) => {
      const { resolve, reject } = this.#pending.get(call) ?? {};
      this.#pending.delete(call);
      if (failure === undefined) resolve?.(value as never);
      else reject?.(new Error(failure));
    });
    child.once("exit", (code) => {
      for (const { reject } of this.#pending.values())
        reject(new Error(`a process ended, with code ${code}`));
    });
  }

  /** @param module a module that calls `offer()` */
  static async start<Offered extends Procedures>(module: URL): Promise<Remote<Offered>> {
    const child = fork(module, { execArgv: ["--import", "tsx", "--expose-gc"] });
    await once(child, "message");
    return new Remote(child);
  }

  call<Name extends keyof Offered & string>(
    name: Name,
    parameters: Parameters<Offered[Name]>[0],
  ): Promise<Awaited<ReturnType<Offered[Name]>>> {
    const call = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      // A scenario that has failed ends its servers, while parts of it that go on still ask them.
      this.#child.send({ call, name, parameters } satisfies Call, (error) => error && reject(error));
    });
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    await ended;
  }
}

interface Call {
  call: number;
  name: string;
  parameters: unknown;
}

interface Answer {
  call: number;
  value?: unknown;
  failure?: string;
}

/** Serves the process that has started this one, and ends with it. */
export function offer(procedures: Procedures): void {
  const answer = (message: Answer | "ready") => process.send?.(message);
  process.on("message", async ({ call, name, parameters }: Call) => {
    try {
      const value = await (procedures[name] as (parameters: unknown) => unknown)(parameters);
      answer({ call, value });
    } catch (error) {
      answer({ call, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on("disconnect", () => process.exit());
  answer("ready");
}
