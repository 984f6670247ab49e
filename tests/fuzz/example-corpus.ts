// Serialized Examples, and what is parsed out of them.
import { Example } from "@sealserve/protocol";
import type { ExampleSpec } from "../../packages/models/src/interpreter/example/feature-spec.ts";

const noDefault = { dtype: "float32", shape: [0], data: new Float32Array() } as const;

export const exampleSpec: ExampleSpec = {
  sparse: [{ key: "words", dtype: "string" }],
  dense: [{ key: "x", dtype: "float32", shape: [2], stride: 2, fallback: noDefault }],
  ragged: [{ key: "n", dtype: "int64", splitType: "int64" }],
};

export const serializedExamples: readonly Uint8Array[] = [
  Example.encode({
    features: {
      feature: new Map([
        ["x", { floatList: { value: Float32Array.of(1, 2) } }],
        ["n", { int64List: { value: BigInt64Array.of(1n, -2n) } }],
        ["words", { bytesList: { value: [Uint8Array.of(0x61), new Uint8Array()] } }],
        ["other", {}],
      ]),
    },
  }),
  Example.encode({ features: { feature: new Map([["x", { floatList: { value: Float32Array.of(3, 4) } }]]) } }),
];
