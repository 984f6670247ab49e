import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const CHECKOUT = fileURLToPath(new URL("../..", import.meta.url));

/** The built command. */
export const COMMAND = fileURLToPath(new URL("../../packages/cli/dist/main.js", import.meta.url));

/** What a finished process left. */
export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process with its output collected. With `group`, signals reach everything it started, as Ctrl-C in a terminal does. */
export class Running {
  readonly process: ChildProcess;
  readonly finished: Promise<Finished>;
  readonly #group: boolean;
  #stdout = "";
  #stderr = "";

  constructor(
    file: string,
    args: readonly string[],
    options: { readonly cwd?: string; readonly group?: boolean } = {},
  ) {
    this.#group = options.group === true;
    this.process = spawn(file, args, { cwd: options.cwd, detached: this.#group, stdio: ["ignore", "pipe", "pipe"] });
    this.process.stdout?.on("data", (data: Buffer) => {
      this.#stdout += data.toString();
    });
    this.process.stderr?.on("data", (data: Buffer) => {
      this.#stderr += data.toString();
    });
    this.finished = new Promise((resolve, reject) => {
      this.process.on("error", reject);
      this.process.on("close", (code) => resolve({ code, stdout: this.#stdout, stderr: this.#stderr }));
    });
  }

  /** What it has written to standard output so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Waits until the output contains a text; fails when the process ends before, or after 30 s. */
  async says(text: string): Promise<void> {
    await this.#until((output) => output.includes(text), JSON.stringify(text));
  }

  /** As {@link says}, with a pattern. */
  async matches(pattern: RegExp): Promise<void> {
    await this.#until((output) => pattern.test(output), String(pattern));
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Finished> {
    const { exitCode, signalCode, pid } = this.process;
    if (exitCode === null && signalCode === null && pid !== undefined) {
      process.kill(this.#group ? -pid : pid, signal);
    }
    return await this.finished;
  }

  async #until(said: (output: string) => boolean, wanted: string): Promise<void> {
    const deadline = Date.now() + 30_000;
    while (!said(`${this.#stdout}${this.#stderr}`)) {
      if (this.process.exitCode !== null || Date.now() > deadline) {
        throw new Error(`never said ${wanted}: ${this.#stdout}${this.#stderr}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Runs `sealserve` to its end. */
export async function sealserve(args: readonly string[], cwd?: string): Promise<Finished> {
  return await startSealserve(args, cwd).finished;
}

/** Starts `sealserve` and leaves it running. */
export function startSealserve(args: readonly string[], cwd?: string): Running {
  return new Running(process.execPath, [COMMAND, ...args], cwd === undefined ? {} : { cwd });
}
