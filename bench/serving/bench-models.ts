/** The models that the figures of serving are measured with, written into folders as an operator has them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Tensor } from "@sealserve/protocol";
import { makeHalfPlusTwo } from "../../packages/models/src/examples/half-plus-two.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
import { makeDenseNetwork } from "./dense-network.ts";
import { makeResidualNetwork } from "./residual-network.ts";

/** Names of the models. */
export const MODELS = ["residual", "half_plus_two", "touch", "dense"] as const;
export type ModelName = (typeof MODELS)[number];

/** Writes `NAME/1` below a folder. */
export async function writeBenchModel(folder: string, name: ModelName): Promise<void> {
  for (const [path, content] of makers[name]()) {
    const file = join(folder, name, "1", path);
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, content);
  }
}

/** The two small ones as ONNX, for a server that reads nothing else. */
export function peerModel(name: "half_plus_two" | "touch"): Uint8Array {
  return name === "touch" ? makeTouch() : makeLine();
}

const makers: Readonly<Record<ModelName, () => ReadonlyMap<string, Uint8Array>>> = {
  residual: () => new Map([["model.onnx", makeResidualNetwork()]]),
  half_plus_two: makeHalfPlusTwo,
  touch: () => new Map([["model.onnx", makeTouch()]]),
  dense: () => new Map([["model.onnx", makeDenseNetwork()]]),
};

/** Stands in for a model of images that costs nothing: looks at each value of `input` once and gives the largest. */
function makeTouch(): Uint8Array {
  return encodeModel({
    node: [makeNode("ReduceMax", ["input"], ["predict"])],
    input: [makeValueInfo("input", "float32")],
    output: [makeValueInfo("predict", "float32")],
  });
}

/** y = x / 2 + 2. */
function makeLine(): Uint8Array {
  const constant = (value: number): Tensor => ({ dtype: "float32", shape: [], data: Float32Array.of(value) });
  return encodeModel({
    node: [makeNode("Mul", ["x", "a"], ["ax"]), makeNode("Add", ["ax", "b"], ["y"])],
    initializer: [makeInitialiser("a", constant(0.5)), makeInitialiser("b", constant(2))],
    input: [makeValueInfo("x", "float32")],
    output: [makeValueInfo("y", "float32")],
  });
}
