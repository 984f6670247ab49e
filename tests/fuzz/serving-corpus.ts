// Requests of TensorFlow Serving's API, as JSON bodies, as protobuf messages and as paths.
import { encodeUtf8 } from "@sealserve/core";
import {
  ClassificationRequest,
  Example,
  encodePredictRequest,
  ModelSpec,
  MultiInferenceRequest,
} from "@sealserve/protocol";
import { type Bomb, textBombs } from "./bombs.ts";

export const jsonBodies: readonly Uint8Array[] = [
  '{"signature_name":"s","instances":[[1,-2.5e3],[NaN,0.1234567890123456789]]}',
  '{"inputs":{"x":[[1,2],[3,4]],"b":{"b64":"aGk="}}}',
  '{"signature_name":"s","context":{"c":true},"examples":[{"x":1.5,"s":["a",{"b64":"aGk="}]},{"i":[1,2]}]}',
].map(encodeUtf8);

/** Members that are read, with values that are expensive. */
export function jsonBombs(maxLength: number): Bomb<Uint8Array>[] {
  return textBombs(maxLength - 100).flatMap(({ what, input }) =>
    ['{"instances":', '{"examples":', '{"examples":[{"x":', '{"ignored":'].map((start) => ({
      what: `${start} ${what}`,
      input: encodeUtf8(start + input),
    })),
  );
}

const modelSpec = ModelSpec.create({ name: "m", version: 3n, signatureName: "s" });

export const predictRequests: readonly Uint8Array[] = [false, true].map((asContent) =>
  encodePredictRequest(
    {
      modelSpec,
      inputs: new Map([
        ["x", { dtype: "float32", shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }],
        ["s", { dtype: "string", shape: [2], data: [Uint8Array.of(0x61), new Uint8Array()] }],
        ["i", { dtype: "int64", shape: [2], data: BigInt64Array.of(1n, -1n) }],
      ]),
      outputFilter: ["y"],
    },
    { asContent },
  ),
);

const example = Example.encode({
  features: {
    feature: new Map([
      ["x", { floatList: { value: Float32Array.of(1.5) } }],
      ["s", { bytesList: { value: [Uint8Array.of(0x61)] } }],
    ]),
  },
});

export const exampleRequests: readonly Uint8Array[] = [
  ClassificationRequest.encode({ modelSpec, input: { exampleList: { examples: [example, example] } } }),
  MultiInferenceRequest.encode({
    tasks: [{ modelSpec, methodName: "tensorflow/serving/regress" }],
    input: { exampleListWithContext: { examples: [example], context: example } },
  }),
];

export const callPaths: readonly string[] = [
  "/v1/models/a%20b/versions/3:predict?x=1",
  "/v1/models/m/labels/stable:classify",
];
