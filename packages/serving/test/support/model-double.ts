import type { LoadedModel, Signature } from "@sealserve/models";
import { ServingError, SignatureDef, type Tensor } from "@sealserve/protocol";

/**
 * A model in memory for tests of the layers above: y = x / 2 + 2, and an identity of two strings, in one signature with a
 * default value.
 */
export interface ModelDouble extends LoadedModel {
  readonly runs: { readonly signatureName: string; readonly outputs: readonly string[] }[];
  /** Whether the inputs of each were given away. */
  readonly moves: boolean[];
  /** Awaited by every run. */
  gate: Promise<void>;
  closed: boolean;
}

const half: Signature = {
  methodName: "tensorflow/serving/predict",
  inputs: new Map([["x", { dtype: "float32", shape: [-1], tensorName: "x:0" }]]),
  outputs: new Map([["y", { dtype: "float32", shape: [-1], tensorName: "y:0" }]]),
  defaults: new Map(),
};
const pair: Signature = {
  methodName: "tensorflow/serving/predict",
  inputs: new Map([
    ["b", { dtype: "string", shape: undefined, tensorName: "b:0" }],
    ["a", { dtype: "string", shape: undefined, tensorName: "a:0" }],
  ]),
  outputs: new Map([
    ["a", { dtype: "string", shape: undefined, tensorName: "a:0" }],
    ["b_bytes", { dtype: "string", shape: undefined, tensorName: "b:0" }],
  ]),
  defaults: new Map(),
};
/** The pair, whose second string may be left out of a call over gRPC. */
const greeting: Signature = {
  ...pair,
  defaults: new Map([["b", { dtype: "string", shape: [], data: [new TextEncoder().encode("world")] }]]),
};

export function modelDouble(): ModelDouble {
  const double: ModelDouble = {
    platform: "tensorflow",
    signatures: new Map([
      ["serving_default", half],
      ["pair", pair],
      ["greeting", greeting],
    ]),
    signatureDefs: new Map([["serving_default", SignatureDef.create({ methodName: half.methodName })]]),
    refusals: new Map(),
    failure: undefined,
    runs: [],
    moves: [],
    gate: Promise.resolve(),
    closed: false,
    run: async (signatureName, inputs, outputs, options) => {
      double.runs.push({ signatureName, outputs });
      double.moves.push(options?.moveInputs === true);
      await double.gate;
      return compute(signatureName, inputs, outputs);
    },
    close: async () => {
      double.closed = true;
    },
  };
  return double;
}

function compute(
  signatureName: string,
  inputs: ReadonlyMap<string, Tensor>,
  outputs: readonly string[],
): Map<string, Tensor> {
  const results = new Map<string, Tensor>();
  if (signatureName !== "serving_default") {
    const [a, b] = [inputs.get("a"), inputs.get("b")];
    if (a !== undefined && b !== undefined) {
      results.set("a", a).set("b_bytes", b);
    }
  } else {
    const x = inputs.get("x");
    if (!(x?.data instanceof Float32Array)) {
      throw new ServingError("INVALID_ARGUMENT", "Expects arg[0] to be float but another type is provided");
    }
    results.set("y", { ...x, data: x.data.map((value) => value / 2 + 2) });
  }
  return new Map([...results].filter(([name]) => outputs.includes(name)));
}
