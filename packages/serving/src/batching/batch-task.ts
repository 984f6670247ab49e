import type { RunOptions } from "@sealserve/models";
import type { Tensor } from "@sealserve/protocol";
import { currentTrace } from "../tracing/current-trace.ts";

/** Inputs or outputs of a run, by name. */
export type Tensors = ReadonlyMap<string, Tensor>;

/** A request, or a part of a large one, on its way through a queue. */
export class BatchTask {
  readonly inputs: Tensors;
  readonly rows: number;
  readonly signal: AbortSignal | undefined;
  /** Whether nobody reads the inputs after the run. */
  readonly moveInputs: boolean;
  /** When it came, milliseconds of the scheduler's clock. */
  readonly queuedAt: number;
  /** Its own rows of the batch's outputs. */
  readonly outputs: Promise<Map<string, Tensor>>;
  /** Of the call that it came with. */
  readonly trace = currentTrace();
  readonly #onQueued: RunOptions["onQueued"];
  readonly #settle = Promise.withResolvers<Map<string, Tensor>>();
  #leave: (() => void) | undefined;

  constructor(inputs: Tensors, rows: number, queuedAt: number, options: RunOptions = {}) {
    const { signal, onQueued, moveInputs = false } = options;
    this.inputs = inputs;
    this.rows = rows;
    this.queuedAt = queuedAt;
    this.signal = signal;
    this.#onQueued = onQueued;
    this.moveInputs = moveInputs;
    this.outputs = this.#settle.promise;
  }

  /** Whether nobody waits for its outputs any more. */
  get isGone(): boolean {
    return this.signal?.aborted === true;
  }

  resolve(outputs: Map<string, Tensor>): void {
    this.#settle.resolve(outputs);
  }

  reject(error: unknown): void {
    this.#settle.reject(error);
  }

  /** @param leave called when the signal fires while the task waits */
  wait(leave: () => void): void {
    this.#leave = leave;
    this.signal?.addEventListener("abort", leave, { once: true });
  }

  /** The task waits no more. */
  start(): void {
    if (this.#leave !== undefined) {
      this.signal?.removeEventListener("abort", this.#leave);
    }
  }

  /** Tells its caller and its trace how long it waited. */
  tellWait(now: number): void {
    this.#onQueued?.(now - this.queuedAt);
    this.trace?.add("queue", this.queuedAt, now);
  }
}
