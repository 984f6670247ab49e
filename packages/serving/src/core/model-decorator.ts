import type { LoadedModel, RunOptions, Signature } from "@sealserve/models";
import type { SignatureDef, Tensor } from "@sealserve/protocol";

/** A loaded model behind something that changes a part of it. */
export class ModelDecorator implements LoadedModel {
  protected readonly model: LoadedModel;

  constructor(model: LoadedModel) {
    this.model = model;
  }

  get platform(): LoadedModel["platform"] {
    return this.model.platform;
  }

  get signatures(): ReadonlyMap<string, Signature> {
    return this.model.signatures;
  }

  get signatureDefs(): ReadonlyMap<string, SignatureDef> {
    return this.model.signatureDefs;
  }

  get refusals(): LoadedModel["refusals"] {
    return this.model.refusals;
  }

  get failure(): LoadedModel["failure"] {
    return this.model.failure;
  }

  run(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
    options?: RunOptions,
  ): Promise<Map<string, Tensor>> {
    return this.model.run(signatureName, inputs, outputs, options);
  }

  runNow(
    signatureName: string,
    inputs: ReadonlyMap<string, Tensor>,
    outputs: readonly string[],
  ): Map<string, Tensor> | undefined {
    return this.model.runNow?.(signatureName, inputs, outputs);
  }

  close(): Promise<void> {
    return this.model.close();
  }
}
