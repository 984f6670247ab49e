import { ServingError, type SignatureDef, type Tensor } from "@sealserve/protocol";

import { chooseInputs, chooseOutputs } from "./check-call.ts";
import type { EngineThread } from "./engine/engine-thread.ts";
import type { EngineRun, ModelDescription } from "./engine/messages.ts";
import { packCopy, packOwned, packTensors, unpackTensors } from "./engine/packed-tensor.ts";
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
    const run = this.#check(signatureName, inputs, outputs, moveInputs);
    return unpackTensors(await this.#engine.run(run, signal));
  }

  close(): Promise<void> {
    return this.#engine.close();
  }

  #check(
    signature: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    moveInputs: boolean,
  ): EngineRun {
    const ports = this.#portsOf(signature);
    const packed = packTensors(chooseInputs(ports.inputs, inputs), moveInputs ? packOwned : packCopy);
    return { signature, inputs: packed, outputs: chooseOutputs(ports.outputs, outputs) };
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
