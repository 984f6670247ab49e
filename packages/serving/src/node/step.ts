import { codeOf, type Log } from "../log.ts";

/** One finished step of the node's start. */
export interface StartStep {
  /** Such as `key released`. */
  readonly name: string;
  readonly ms: number;
  /** One line for people. */
  readonly detail: string;
}

/** Receives every step of a start right after it has succeeded. */
export type OnStep = (step: StartStep) => void;

/** Runs steps in order, reports each with its time, and runs none after the start was cancelled. */
export class StepRunner {
  readonly #signal: AbortSignal | undefined;
  readonly #onStep: OnStep;
  readonly #log: Log;

  constructor(options: {
    readonly signal?: AbortSignal | undefined;
    readonly onStep?: OnStep | undefined;
    readonly log: Log;
  }) {
    this.#signal = options.signal;
    this.#onStep = options.onStep ?? (() => undefined);
    this.#log = options.log;
  }

  /** @param describe detail line of a result */
  async run<T>(name: string, step: () => Promise<T>, describe: (result: T) => string): Promise<T> {
    this.#signal?.throwIfAborted();
    const start = performance.now();
    const result = await step().catch((error: unknown) => {
      this.#log("step-failed", { name, code: codeOf(error) });
      throw error;
    });
    const finished = { name, ms: Math.round(performance.now() - start), detail: describe(result) };
    this.#log("step", finished);
    this.#onStep(finished);
    return result;
  }
}
