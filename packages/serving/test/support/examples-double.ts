import type { LoadedModel, Signature, SignatureTensor } from "@sealserve/models";
import { Example, type Feature, SignatureDef, type Tensor } from "@sealserve/protocol";

const string: SignatureTensor = { dtype: "string", shape: [-1], tensorName: "tf_example:0" };
const scores: SignatureTensor = { dtype: "float32", shape: [-1, 1], tensorName: "y:0" };

/** A signature over examples, or one that differs from such in its inputs and outputs. */
export function exampleSignature(methodName: string, outputs: string[], inputs: string[] = ["inputs"]): Signature {
  return {
    methodName,
    inputs: new Map(inputs.map((name) => [name, string])),
    outputs: new Map(outputs.map((name) => [name, scores])),
    defaults: new Map(),
  };
}

/**
 * A model over examples for tests of the layers above: y = x / 2 + 2 of the feature x, in the shape [n, 1]; an output
 * named classes is the feature's label. `results` replaces what a run gives.
 */
export interface ExamplesDouble extends LoadedModel {
  readonly runs: { readonly signatureName: string; readonly outputs: readonly string[] }[];
  results: ReadonlyMap<string, Tensor> | undefined;
}

export function examplesDouble(signatures: Readonly<Record<string, Signature>>): ExamplesDouble {
  const double: ExamplesDouble = {
    platform: "tensorflow",
    signatures: new Map(Object.entries(signatures)),
    signatureDefs: new Map(
      Object.entries(signatures).map(([key, { methodName }]) => [key, SignatureDef.create({ methodName })]),
    ),
    refusals: new Map(),
    failure: undefined,
    runs: [],
    results: undefined,
    run: async (signatureName, inputs, outputs) => {
      double.runs.push({ signatureName, outputs });
      return new Map(
        double.results ??
          outputs.map((name) => [name, outputOf(name, inputs.get("inputs")?.data as readonly Uint8Array[])]),
      );
    },
    close: async () => undefined,
  };
  return double;
}

function outputOf(name: string, examples: readonly Uint8Array[]): Tensor {
  const features = examples.map((bytes) => Example.decode(bytes).features?.feature ?? new Map<string, Feature>());
  const shape = [features.length, 1];
  return name === "classes"
    ? {
        dtype: "string",
        shape,
        data: features.map((feature) => feature.get("label")?.bytesList?.value[0] ?? Buffer.of()),
      }
    : { dtype: "float32", shape, data: Float32Array.from(features, (feature) => xOf(feature) / 2 + 2) };
}

function xOf(features: ReadonlyMap<string, Feature>): number {
  return features.get("x")?.floatList?.value[0] ?? Number.NaN;
}

/** An encoded example with a number x and, if given, a label. */
export function exampleOf(x: number | undefined, label?: string): Uint8Array {
  const feature = new Map<string, Feature>();
  if (x !== undefined) {
    feature.set("x", { floatList: { value: Float32Array.of(x) } });
  }
  if (label !== undefined) {
    feature.set("label", { bytesList: { value: [Buffer.from(label)] } });
  }
  return Example.encode({ features: { feature } });
}
