import { ServingError, type SignatureDef, type Tensor } from "@sealserve/protocol";

import { chooseInputs, chooseOutputs } from "./check-call.ts";
import type { EngineThread } from "./engine/engine-thread.ts";
import type { ModelDescription } from "./engine/messages.ts";
import { packCopy, packOwned, unpackTensor } from "./engine/packed-tensor.ts";
import { fromPlainModelError } from "./engine/plain-error.ts";
import type { ModelError } from "./errors.ts";
import type { LoadedModel, RunOptions } from "./loaded-model.ts";
import type { CallPorts } from "./runnable-signature.ts";
import type { Signature } from "./signature.ts";

/** A model that an engine's thread holds. Calls are checked here, so that only those that fit cross to the thread. */
export class EngineModel implements LoadedModel {
  readonly platform: "tensorflow" | "onnx";
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly signatureDefs: ReadonlyMap<string, SignatureDef>;
  readonly refusals: ReadonlyMap<string, ModelError>;
  readonly #engine: EngineThread;
  readonly #calls: ReadonlyMap<string, CallPorts>;

  constructor({ platform, signatures, signatureDefs, calls, refusals }: ModelDescription, engine: EngineThread) {
    this.platform = platform;
    this.signatures = signatures;
    this.signatureDefs = signatureDefs;
    this.refusals = new Map([...refusals].map(([key, refusal]) => [key, fromPlainModelError(refusal)]));
    this.#engine = engine;
    this.#calls = calls;
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
    const ports = this.#portsOf(signatureName);
    const given = [...chooseInputs(ports.inputs, inputs)];
    const wanted = chooseOutputs(ports.outputs, outputs);
    const pack = moveInputs ? packOwned : packCopy;
    const packed = new Map(given.map(([name, tensor]) => [name, pack(tensor)]));
    const results = await this.#engine.run({ signature: signatureName, inputs: packed, outputs: wanted }, signal);
    return new Map([...results].map(([name, tensor]) => [name, unpackTensor(tensor)]));
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #portsOf(signatureName: string): CallPorts {
    const ports = this.#calls.get(signatureName);
    if (ports !== undefined) {
      return ports;
    }
    throw (
      this.refusals.get(signatureName) ??
      new ServingError("FAILED_PRECONDITION", `Serving signature key "${signatureName}" not found.`)
    );
  }
}
