import type { SignatureDef, Tensor } from "@sealserve/protocol";

import { chooseInputs, chooseOutputs, unknownSignature } from "./check-call.ts";
import type { EngineThread } from "./engine/engine-thread.ts";
import type { ModelDescription } from "./engine/messages.ts";
import { packCopy, packOwned, packTensors, unpackTensors } from "./engine/packed-tensor.ts";
import { fromPlainModelError } from "./engine/plain-error.ts";
import type { ModelError } from "./errors.ts";
import type { LightGraph } from "./light/light-graph.ts";
import { runLightGraph } from "./light/run-light-graph.ts";
import type { LoadedModel, RunOptions } from "./loaded-model.ts";
import type { CallPorts } from "./runnable-signature.ts";
import type { Signature } from "./signature.ts";

/**
 * A model that an engine's thread holds. Calls are checked here, so that only those that fit cross to the thread. Small ones
 * of light graphs do not cross at all: the way there and back costs many times what they do.
 */
export class EngineModel implements LoadedModel {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  readonly refusals: ReadonlyMap<string, ModelError>;
  readonly #engine: EngineThread;
  readonly #calls: ReadonlyMap<string, CallPorts>;
  readonly #light: ReadonlyMap<string, LightGraph>;

  constructor({ platform, signatures, signatureDefs, calls, light, refusals }: ModelDescription, engine: EngineThread) {
    this.platform = platform;
    this.signatures = signatures;
    this.signatureDefs = signatureDefs;
    this.refusals = new Map([...refusals].map(([key, refusal]) => [key, fromPlainModelError(refusal)]));
    this.#engine = engine;
    this.#calls = calls;
    this.#light = light;
  }

  get failure(): ModelError | undefined {
    return this.#engine.failure;
  }

  async run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    { signal, moveInputs = false }: RunOptions = {},
  ): Promise<Map<string, Tensor>> {
    signal?.throwIfAborted();
    const results = this.runNow(signatureName, inputs, outputs);
    if (results !== undefined) {
      return results;
    }
    const ports = this.#portsOf(signatureName);
    const chosen = chooseInputs(ports.inputs, inputs);
    const names = chooseOutputs(ports.outputs, outputs);
    const packed = packTensors(chosen, moveInputs ? packOwned : packCopy);
    return unpackTensors(await this.#engine.run({ signature: signatureName, inputs: packed, outputs: names }, signal));
  }

  runNow(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
  ): Map<string, Tensor> | undefined {
    const graph = this.#light.get(signatureName);
    if (graph === undefined) {
      return undefined;
    }
    const ports = this.#portsOf(signatureName);
    const chosen = chooseInputs(ports.inputs, inputs);
    const names = chooseOutputs(ports.outputs, outputs);
    this.#engine.expectRunning();
    return runLightGraph(graph, chosen, names);
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #portsOf(signatureName: string): CallPorts {
    const ports = this.#calls.get(signatureName);
    if (ports !== undefined) {
      return ports;
    }
    throw this.refusals.get(signatureName) ?? unknownSignature(signatureName);
  }
}
