import type { LoadedModel, Signature } from "@sealserve/models";
import { type DataType, dataTypes, SignatureDef, type Tensor } from "@sealserve/protocol";

const METHOD = "tensorflow/serving/predict";

/**
 * A model that gives back what it gets: a signature for each data type, named after it, with input x and output y.
 * `delay` is awaited by each run.
 */
export function echoModel(delay: () => Promise<void> = () => Promise.resolve()): LoadedModel {
  const names = dataTypes.map(({ name }) => name);
  return {
    platform: "tensorflow",
    signatures: new Map(names.map((dtype) => [dtype, echoSignature(dtype)])),
    signatureDefs: new Map(names.map((dtype) => [dtype, SignatureDef.create({ methodName: METHOD })])),
    refusals: new Map(),
    failure: undefined,
    run: async (_signature, inputs, outputs) => {
      await delay();
      return new Map(outputs.map((name) => [name, inputs.get("x") as Tensor]));
    },
    close: async () => undefined,
  };
}

function echoSignature(dtype: DataType): Signature {
  return {
    methodName: METHOD,
    inputs: new Map([["x", { dtype, shape: undefined, tensorName: "x:0" }]]),
    outputs: new Map([["y", { dtype, shape: undefined, tensorName: "y:0" }]]),
    defaults: new Map(),
  };
}
