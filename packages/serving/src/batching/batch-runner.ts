import type { LoadedModel, Signature } from "@sealserve/models";
import { ServingError, type Tensor } from "@sealserve/protocol";
import { whenAllAborted } from "./all-aborted.ts";
import type { BatchClock } from "./batch-clock.ts";
import type { BatchObserver } from "./batch-observer.ts";
import type { PaddingRules } from "./batch-rules.ts";
import type { BatchTask } from "./batch-task.ts";
import { type MergedInputs, mergeInputs } from "./merge-inputs.ts";
import { separateShapes } from "./separate-shapes.ts";
import { checkOutputs, sliceAll } from "./split-outputs.ts";

/** What the batches of one queue have in common. */
export interface BatchCall {
  readonly model: Pick<LoadedModel, "run">;
  readonly signatureName: string;
  readonly signature: Signature;
  /** Names of the outputs to give. */
  readonly outputs: readonly string[];
  readonly rules: PaddingRules;
  readonly observer: BatchObserver;
  readonly clock: BatchClock;
}

/** Runs tasks as one batch and gives each its own rows of the outputs. Never rejects. */
export async function runBatch(call: BatchCall, tasks: readonly BatchTask[]): Promise<void> {
  const now = call.clock.now();
  for (const task of tasks) {
    call.observer.queued(now - task.queuedAt, task.rows);
    task.tellWait(now);
  }
  const { together, refused, reason } = separateShapes(tasks, call.signature, call.rules.padVariableLength);
  rejectAll(refused, reason);
  await runTogether(call, together);
}

/** Runs the tasks whose callers still wait. Whatever fails ends them: they must not wait for ever, nor hold up other batches. */
async function runTogether(call: BatchCall, all: readonly BatchTask[]): Promise<void> {
  for (const gone of all.filter(({ isGone }) => isGone)) {
    gone.reject(gone.signal?.reason);
  }
  const tasks = all.filter(({ isGone }) => !isGone);
  if (tasks.length > 0) {
    await runPresent(call, tasks).catch((error: unknown) => rejectAll(tasks, error));
  }
}

async function runPresent(call: BatchCall, tasks: readonly BatchTask[]): Promise<void> {
  const names = [...call.signature.inputs.keys()];
  const alone = { allowedSizes: [], padVariableLength: false };
  const merged = mergeInputs(tasks, names, call.rules);
  if (merged === undefined) {
    await (tasks.length > 1 ? runEach(call, tasks) : runTogether({ ...call, rules: alone }, tasks));
    return;
  }
  let outputs: Map<string, Tensor>;
  try {
    outputs = await runModel(call, tasks, merged);
  } catch (error) {
    await runAgain(call, tasks, error);
    return;
  }
  give(tasks, outputs, merged.size);
}

async function runModel(
  { model, signatureName, outputs, observer, clock }: BatchCall,
  tasks: readonly BatchTask[],
  { inputs, size }: MergedInputs,
): Promise<Map<string, Tensor>> {
  const joint = whenAllAborted(tasks.map(({ signal }) => signal));
  const startedAt = clock.now();
  // A task that is alone may come with its own inputs; others were copied into the batch's, and can be run again.
  const moveInputs = tasks.every((task) => task.moveInputs || task.inputs !== inputs);
  const options = { signal: joint?.signal, moveInputs };
  const result = await model.run(signatureName, inputs, outputs, options).finally(() => joint?.release());
  const rows = tasks.reduce((sum, task) => sum + task.rows, 0);
  const run = { requests: tasks.length, rows, size, startedAt, endedAt: clock.now() };
  observer.ran(run);
  for (const { trace } of tasks) {
    trace?.add("batch", startedAt, run.endedAt, { "sealserve.batch.rows": rows, "sealserve.batch.size": size });
  }
  return result;
}

/**
 * TensorFlow Serving gives all requests of a batch its error. Here each is run again alone: the error may speak of the
 * inputs of one requester, and must not fail or reach the others (threats E3, E4).
 */
async function runAgain(call: BatchCall, tasks: readonly BatchTask[], error: unknown): Promise<void> {
  if (tasks.length === 1 || !(error instanceof ServingError)) {
    throw error;
  }
  await runEach(call, tasks);
}

async function runEach(call: BatchCall, tasks: readonly BatchTask[]): Promise<void> {
  for (const task of tasks) {
    await runTogether(call, [task]);
  }
}

/** Those that have their answer keep it. */
function rejectAll(tasks: readonly BatchTask[], error: unknown): void {
  for (const task of tasks) {
    task.reject(error);
  }
}

function give(tasks: readonly BatchTask[], outputs: Map<string, Tensor>, size: number): void {
  checkOutputs(outputs, size);
  const [only] = tasks;
  if (tasks.length === 1 && only?.rows === size) {
    only.resolve(outputs);
    return;
  }
  let row = 0;
  for (const task of tasks) {
    task.resolve(sliceAll(outputs, row, row + task.rows));
    row += task.rows;
  }
}
