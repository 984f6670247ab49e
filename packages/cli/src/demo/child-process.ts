import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { CliError } from "../errors.ts";

/** One line that a command prints with `--json`. */
export type Event = { readonly [member: string]: unknown };

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly events: readonly Event[];
  readonly stderr: string;
}

const STOP_TIMEOUT_MS = 5_000;
const KEPT_STDERR = 8_192;

/** A command of this program in a process of its own, with its JSON lines and its last words. */
export class Child {
  readonly #process: ChildProcess;
  readonly #events: Event[] = [];
  readonly #waiting = new Set<() => void>();
  #stderr = "";
  readonly ended: Promise<Ended>;

  /** @param entry script that `node` runs @param args command and options; `--json` is added */
  constructor(entry: string, args: readonly string[], signal: AbortSignal) {
    this.#process = spawn(process.execPath, [entry, ...args, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
    this.#process.stderr?.on("data", (data: Buffer) => {
      this.#stderr = (this.#stderr + data.toString()).slice(-KEPT_STDERR);
    });
    const lines = createInterface({ input: this.#process.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => this.#receive(line));
    this.ended = new Promise((resolve, reject) => {
      this.#process.on("error", reject);
      this.#process.on("close", (code) => {
        resolve({ code: code ?? 1, events: this.#events, stderr: this.#stderr.trim() });
        this.#wake();
      });
    });
    signal.addEventListener("abort", () => this.#process.kill("SIGTERM"), { once: true });
  }

  get events(): readonly Event[] {
    return this.#events;
  }

  /**
   * Waits for the first event with this name.
   * @throws CliError `demo-step-failed` with what the process said, when it ends before
   */
  async event(name: string): Promise<Event> {
    for (;;) {
      const found = this.#events.find((event) => event["event"] === name);
      if (found !== undefined) {
        return found;
      }
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        const { code, stderr } = await this.ended;
        throw new CliError("demo-step-failed", lastLine(stderr) || `the process ended with code ${code}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Asks the process to end, and ends it by force if it does not. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill("SIGTERM");
      const force = setTimeout(() => this.#process.kill("SIGKILL"), STOP_TIMEOUT_MS);
      await this.ended.finally(() => clearTimeout(force));
    }
  }

  #receive(line: string): void {
    if (line.startsWith("{")) {
      this.#events.push(JSON.parse(line) as Event);
    }
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) {
      resolve();
    }
    this.#waiting.clear();
  }
}

/** The last line of what a process wrote to standard error: where commands put their refusal. */
export function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}
