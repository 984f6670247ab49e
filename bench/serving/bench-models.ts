/** The models that the figures of serving are measured with, written into folders as an operator has them. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeHalfPlusTwo } from "../../packages/models/src/examples/half-plus-two.ts";
import { encodeModel, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
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
