import { type LoadedModel, ModelError, type RunOptions, type Signature } from "@sealserve/models";
import { invalidArgument, type Tensor } from "@sealserve/protocol";
import { allOrNone } from "../core/all-or-none.ts";
import { ModelDecorator } from "../core/model-decorator.ts";
import type { BatchObserver } from "./batch-observer.ts";
import { BatchQueue } from "./batch-queue.ts";
import type { BatchRules } from "./batch-rules.ts";
import { runBatch } from "./batch-runner.ts";
import type { BatchScheduler, RunBatch } from "./batch-scheduler.ts";
import { BatchTask, type Tensors } from "./batch-task.ts";
import { countRows } from "./count-rows.ts";
import { QueueTable } from "./queue-table.ts";
import { cutInputs, joinOutputs, partSizes } from "./split-task.ts";

/** What puts the requests for a model together. */
export interface Batching {
  readonly scheduler: BatchScheduler;
  /** Rules and observer of a signature's batches. */
  of(signatureName: string): { readonly rules: BatchRules; readonly observer: BatchObserver };
}

class Queue {
  readonly waiting: BatchQueue;
  readonly rules: BatchRules;
  readonly run: RunBatch;

  constructor(rules: BatchRules, run: RunBatch) {
    this.waiting = new BatchQueue(rules);
    this.rules = rules;
    this.run = run;
  }

  get isEmpty(): boolean {
    return this.waiting.isEmpty;
  }
}

/** A model whose requests are run together where they ask for the same outputs of the same signature. */
export class BatchedModel extends ModelDecorator {
  readonly #batching: Batching;
  readonly #queues = new QueueTable<Queue>();

  constructor(model: LoadedModel, batching: Batching) {
    super(model);
    this.#batching = batching;
  }

  /** @throws ServingError `UNAVAILABLE` when too many batches wait, and TensorFlow Serving's other refusals */
  override async run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    options: RunOptions = {},
  ): Promise<Map<string, Tensor>> {
    const signature = this.model.signatures.get(signatureName);
    const chosen = signature === undefined ? undefined : chooseInputs(signature, inputs);
    if (signature === undefined || chosen === undefined || this.model.refusals.has(signatureName)) {
      return await super.run(signatureName, inputs, outputs, options);
    }
    const rows = countRows(chosen);
    if (rows === 0 || !hasDeclaredTypes(signature, chosen)) {
      // Nothing to put together, or a call that the model refuses: nobody else has to do with it.
      return await super.run(signatureName, inputs, outputs, options);
    }
    options.signal?.throwIfAborted();
    return await this.#enqueue(signatureName, signature, { inputs: chosen, rows, outputs, options });
  }

  /** Nothing is run at once: batches have rules for what may run, and are counted. */
  override runNow(): undefined {
    return undefined;
  }

  override async close(): Promise<void> {
    for (const { waiting } of this.#queues.values()) {
      waiting.clear(new ModelError("closed", "the model is being unloaded"));
    }
    await super.close();
  }

  async #enqueue(signatureName: string, signature: Signature, request: BatchRequest): Promise<Map<string, Tensor>> {
    const queue = this.#queueFor(signatureName, signature, request);
    const { rows } = request;
    const { maxBatchRows, maxRequestRows, splitLarge } = queue.rules;
    if (rows > maxRequestRows) {
      throw invalidArgument(`Task size ${rows} is larger than maximum input batch size ${maxRequestRows}`);
    }
    const { room, capacity } = queue.waiting;
    const sizes = splitLarge && rows > room ? partSizes(rows, room, maxBatchRows) : [rows];
    if (sizes.length > 1 && rows > capacity) {
      throw queue.waiting.fullForParts(rows);
    }
    if (sizes.length === 1) {
      return joinOutputs(await Promise.all(this.#add(queue, request, sizes)));
    }
    const { options } = request;
    const parts = await allOrNone(options.signal, (signal) =>
      this.#add(queue, { ...request, options: { ...options, signal } }, sizes),
    );
    return joinOutputs(parts);
  }

  #add(
    { waiting, run }: Queue,
    { inputs, options }: BatchRequest,
    sizes: readonly number[],
  ): Promise<Map<string, Tensor>>[] {
    const { scheduler } = this.#batching;
    const now = scheduler.clock.now();
    const parts = sizes.length === 1 ? [inputs] : cutInputs(inputs, sizes);
    const ofTask = parts.length === 1 ? options : { ...options, moveInputs: true };
    const tasks = parts.map((part, index) => new BatchTask(part, sizes[index] ?? 0, now, ofTask));
    for (const task of tasks) {
      waiting.add(task);
    }
    scheduler.serve(waiting, run);
    return tasks.map((task) => task.outputs);
  }

  #queueFor(signatureName: string, signature: Signature, { inputs, outputs }: BatchRequest): Queue {
    const { rules, observer } = this.#batching.of(signatureName);
    const shapes = rules.separateShapes ? rowShapes(inputs) : "";
    return this.#queues.find(signatureName, outputs, shapes, () => {
      const { clock } = this.#batching.scheduler;
      const call = { model: this.model, signatureName, signature, outputs, rules, observer, clock };
      return new Queue(rules, (tasks) => runBatch(call, tasks));
    });
  }
}

interface BatchRequest {
  readonly inputs: Tensors;
  readonly rows: number;
  readonly outputs: readonly string[];
  readonly options: RunOptions;
}

/** The inputs that the signature declares; undefined when one is missing. */
function chooseInputs(signature: Signature, inputs: Tensors): Tensors | undefined {
  const chosen = new Map<string, Tensor>();
  for (const name of signature.inputs.keys()) {
    const tensor = inputs.get(name);
    if (tensor === undefined) {
      return undefined;
    }
    chosen.set(name, tensor);
  }
  return chosen;
}

function hasDeclaredTypes(signature: Signature, inputs: Tensors): boolean {
  return Array.from(signature.inputs).every(([name, { dtype }]) => inputs.get(name)?.dtype === dtype);
}

/** The shape of a row of each input, in the order of the signature's inputs. */
function rowShapes(inputs: Tensors): string {
  return Array.from(inputs.values(), ({ shape }) => shape.slice(1).join()).join(";");
}
