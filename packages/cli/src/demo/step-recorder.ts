import { paint, printJson, tell } from "../output/terminal.ts";

/** One step of the demo, as it is printed and as it stands in the final document. */
export interface Step {
  readonly name: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

/** Runs the demo's steps in order and shows each one with its time when it ends. */
export class StepRecorder {
  readonly steps: Step[] = [];
  readonly #json: boolean;

  constructor(options: { readonly json: boolean }) {
    this.#json = options.json;
  }

  /**
   * Runs one step.
   * @param describe one line about the outcome, for people
   */
  async run<T>(name: string, job: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    const start = performance.now();
    this.#announce(name);
    try {
      const result = await job();
      this.add({ name, ok: true, ms: elapsed(start), detail: describe(result) });
      return result;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.add({ name, ok: false, ms: elapsed(start), detail });
      throw error;
    }
  }

  /** Shows a step that something else has timed. */
  add(step: Step): void {
    this.steps.push(step);
    if (this.#json) {
      printJson({ step });
      return;
    }
    this.#eraseAnnouncement();
    const mark = step.ok ? paint("green", "✓") : paint("red", "✗");
    tell(`${mark} ${step.name.padEnd(34)} ${paint("dim", `${step.ms} ms`.padStart(8))}  ${step.detail}`);
  }

  #announce(name: string): void {
    if (!this.#json && process.stderr.isTTY) {
      process.stderr.write(`… ${name}`);
    }
  }

  #eraseAnnouncement(): void {
    if (process.stderr.isTTY) {
      process.stderr.write("\r\x1b[2K");
    }
  }
}

function elapsed(start: number): number {
  return Math.round(performance.now() - start);
}
