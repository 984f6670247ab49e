import type { Tensor } from "@sealserve/protocol";

import { chooseInputs, chooseOutputs, unknownSignature } from "../check-call.ts";
import { ModelError } from "../errors.ts";
import type { LoadedModel, RunOptions } from "../loaded-model.ts";
import type { ModelDirectory } from "../model-files.ts";
import { SERVE_TAGS } from "../saved-model/meta-graph.ts";
import { type BoundSignature, type BoundSignatures, bindSignatures } from "./bound-signatures.ts";
import { openCApi } from "./c-api.ts";
import { readClosedModel } from "./closed-declaration.ts";
import { type NativeOutput, NativeSession } from "./native-session.ts";
import { Slots } from "./slots.ts";

/** Time that one run may take, milliseconds, as in the other engine. */
const MAX_RUN_MS = 300_000;
/** Runs at a time, unless told otherwise: as many as libuv has threads by default. */
const DEFAULT_RUNS = 4;

/** How to load a model into TensorFlow. */
export interface TensorFlowOptions {
  /** Absolute path of a library with TensorFlow's C API. */
  readonly library: string;
  /** Threads that one operation may use, and operations at one time; TensorFlow's own choice by default. */
  readonly threads?: number | undefined;
  /** Tags of the graph to take from a SavedModel; `serve` by default. */
  readonly tags?: readonly string[] | undefined;
  /** Runs at one time: not more than libuv has threads (`UV_THREADPOOL_SIZE`), of which each takes one. */
  readonly maxRuns?: number | undefined;
  /** Time that one run may take, milliseconds; then TensorFlow cancels it. */
  readonly maxRunMs?: number | undefined;
}

/**
 * Loads a SavedModel into TensorFlow itself, in this process: whatever goes wrong in its native code ends the process. Its graph is checked
 * before.
 *
 * @throws ModelError `library-unusable`, `engine-refused`, `unsupported-op` for a graph that reaches out of the model, and for one that is broken
 */
export async function loadTensorFlowModel(
  { directory }: ModelDirectory,
  { library, threads, tags = SERVE_TAGS, maxRuns = DEFAULT_RUNS, maxRunMs = MAX_RUN_MS }: TensorFlowOptions,
): Promise<LoadedModel> {
  const { declaration, graph } = readClosedModel({ directory }, tags);
  const { signatures, signatureDefs } = declaration;
  const session = await NativeSession.load(await openCApi(library), directory, { tags, threads, maxRunMs });
  const bound = bindSignatures(session, graph, signatures);
  return new TensorFlowModel({ session, signatures, signatureDefs, bound, slots: new Slots(maxRuns) });
}

/** The version that a library says it is, such as `2.21.0`. @throws ModelError `library-unusable` */
export async function tensorFlowVersion(library: string): Promise<string> {
  return (await openCApi(library)).TF_Version();
}

interface TensorFlowModelParts {
  readonly session: NativeSession;
  readonly signatures: LoadedModel["signatures"];
  readonly signatureDefs: LoadedModel["signatureDefs"];
  readonly bound: BoundSignatures;
  readonly slots: Slots;
}

/** A model that TensorFlow runs in this process. */
class TensorFlowModel implements LoadedModel {
  readonly platform = "tensorflow";
  /** None: when the native code fails, the process is gone. */
  readonly failure = undefined;
  readonly signatures: LoadedModel["signatures"];
  readonly signatureDefs: LoadedModel["signatureDefs"];
  readonly refusals: LoadedModel["refusals"];
  readonly #session: NativeSession;
  readonly #bound: BoundSignatures["bound"];
  readonly #slots: Slots;
  /** Runs under way, those that nobody waits for any more included. */
  readonly #runs = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  constructor({ session, signatures, signatureDefs, bound, slots }: TensorFlowModelParts) {
    this.signatures = signatures;
    this.signatureDefs = signatureDefs;
    this.refusals = bound.refusals;
    this.#session = session;
    this.#bound = bound.bound;
    this.#slots = slots;
  }

  async run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    { signal }: RunOptions = {},
  ): Promise<Map<string, Tensor>> {
    const bound = this.#find(signatureName);
    const fed = chooseInputs(bound.ports.inputs, inputs);
    const names = chooseOutputs(bound.ports.outputs, outputs);
    const running = this.#slots.use(signal, () => this.#runNow(bound, fed, names));
    const kept = running.catch(() => undefined).finally(() => this.#runs.delete(kept));
    this.#runs.add(kept);
    return await untilAborted(running, signal);
  }

  async close(): Promise<void> {
    this.#closing ??= Promise.all(this.#runs).then(() => this.#session.close());
    await this.#closing;
  }

  #find(signatureName: string): BoundSignature {
    this.#expectOpen();
    const bound = this.#bound.get(signatureName);
    if (bound === undefined) {
      throw this.refusals.get(signatureName) ?? unknownSignature(signatureName);
    }
    return bound;
  }

  async #runNow(
    bound: BoundSignature,
    inputs: ReadonlyMap<string, Tensor>,
    names: readonly string[],
  ): Promise<Map<string, Tensor>> {
    this.#expectOpen();
    const fed = new Map<string, readonly [NativeOutput, Tensor]>();
    for (const [name, tensor] of inputs) {
      const end = endOf(bound.inputs, name);
      fed.set(`${end.operation}:${end.index}`, [end, tensor]);
    }
    const results = await this.#session.run(
      [...fed.values()],
      names.map((name) => endOf(bound.outputs, name)),
    );
    return new Map(results.map((tensor, index) => [names[index] ?? "", tensor]));
  }

  #expectOpen(): void {
    if (this.#closing !== undefined) {
      throw new ModelError("closed", "the engine has ended");
    }
  }
}

/** Where a name that has been checked stands in the graph. */
function endOf(ends: ReadonlyMap<string, NativeOutput>, name: string): NativeOutput {
  const end = ends.get(name);
  if (end === undefined) {
    throw new ModelError("bad-graph", `the signature has no tensor ${JSON.stringify(name)}`);
  }
  return end;
}

/** What `work` gives, unless the signal fires before: `work` goes on then, and nobody waits for it. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const leave = (): void => aborted.reject(signal?.reason);
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal?.removeEventListener("abort", leave);
  }
}
