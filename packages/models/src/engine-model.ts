import { DEFAULT_SIGNATURE_KEY, ServingError, type SignatureDef, type Tensor } from "@sealserve/protocol";

import { bindInputs, chooseOutputs } from "./bind-call.ts";
import { EngineRunError, type EngineThread } from "./engine/engine-thread.ts";
import type { EngineTensor } from "./engine/messages.ts";
import { describeRunFailure } from "./engine/run-error.ts";
import { fromEngineTensor } from "./engine/tensors.ts";
import { ModelError } from "./errors.ts";
import type { LoadedModel } from "./loaded-model.ts";
import type { PreparedModel } from "./prepared-model.ts";
import type { GraphPort, RunnableGraph } from "./runnable-graph.ts";
import type { Signature } from "./signature.ts";

interface Callable {
  readonly graph: RunnableGraph;
  /** Position of the graph's model in the engine. */
  readonly place: number;
}

/** A prepared model together with the engine that holds its graphs. */
export class EngineModel implements LoadedModel {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  readonly refusals: ReadonlyMap<string, ModelError>;
  readonly #engine: EngineThread;
  readonly #callables: ReadonlyMap<string, Callable>;

  /**
   * @param placeOf position of each signature's model in the engine
   * @param engineRefusals for each position undefined, or why the engine cannot run the model
   * @throws ModelError `engine-refused` when the engine can run none of the signatures
   */
  constructor(
    prepared: PreparedModel,
    engine: EngineThread,
    placeOf: ReadonlyMap<string, number>,
    engineRefusals: readonly (string | undefined)[],
  ) {
    const { callables, refusals } = sortSignatures(prepared, placeOf, engineRefusals);
    const [firstRefusal] = refusals.values();
    if (callables.size === 0 && firstRefusal !== undefined) {
      throw refusals.get(DEFAULT_SIGNATURE_KEY) ?? firstRefusal;
    }
    this.platform = prepared.platform;
    this.signatures = prepared.signatures;
    this.signatureDefs = prepared.signatureDefs;
    this.refusals = refusals;
    this.#engine = engine;
    this.#callables = callables;
  }

  get failure(): ModelError | undefined {
    return this.#engine.failure;
  }

  async run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
  ): Promise<Map<string, Tensor>> {
    const { graph, place } = this.#callable(signatureName);
    const feeds = bindInputs(graph.inputs, inputs);
    const wanted = chooseOutputs(graph.outputs, outputs);
    const fetches = [...new Set([...wanted.values()].map(({ name }) => name))];
    const results = await this.#runEngine(place, feeds, fetches);
    return new Map([...wanted].map(([alias, port]) => [alias, takeResult(results, port)]));
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #callable(signatureName: string): Callable {
    const callable = this.#callables.get(signatureName);
    if (callable !== undefined) {
      return callable;
    }
    throw (
      this.refusals.get(signatureName) ??
      new ServingError("FAILED_PRECONDITION", `Serving signature key "${signatureName}" not found.`)
    );
  }

  async #runEngine(
    place: number,
    feeds: ReadonlyMap<string, EngineTensor>,
    fetches: readonly string[],
  ): Promise<ReadonlyMap<string, EngineTensor>> {
    try {
      return await this.#engine.run(place, feeds, fetches);
    } catch (error) {
      throw error instanceof EngineRunError ? describeRunFailure(error.message) : error;
    }
  }
}

/** Splits the signatures into those that the engine can run and those that cannot be run, with the reason. */
function sortSignatures(
  prepared: PreparedModel,
  placeOf: ReadonlyMap<string, number>,
  engineRefusals: readonly (string | undefined)[],
): { callables: Map<string, Callable>; refusals: Map<string, ModelError> } {
  const callables = new Map<string, Callable>();
  const refusals = new Map(prepared.refusals);
  for (const [key, graph] of prepared.graphs) {
    const place = placeOf.get(key) ?? -1;
    const reason = place < 0 ? "it was not loaded" : engineRefusals[place];
    if (reason === undefined) {
      callables.set(key, { graph: withoutModel(graph), place });
    } else {
      const message = `the engine cannot run signature ${JSON.stringify(key)}: ${reason}`;
      refusals.set(key, new ModelError("engine-refused", message));
    }
  }
  return { callables, refusals };
}

/** The model's bytes are in the engine and must not be kept alive here. */
function withoutModel({ inputs, outputs }: RunnableGraph): RunnableGraph {
  return { model: new Uint8Array(), inputs, outputs };
}

function takeResult(results: ReadonlyMap<string, EngineTensor>, { name, dtype }: GraphPort): Tensor {
  const result = results.get(name);
  if (result === undefined) {
    throw new ModelError("engine-failed", "the engine did not give an output that the model declares");
  }
  return fromEngineTensor(result, dtype);
}
