// Graphs for TensorFlow itself, which asks for each attribute that has no default.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { AttrList, type DataType, dataTypeNumber, type NodeDef } from "@sealserve/protocol";

import { constantNode, node, shapeAttr, textTensor, typeAttr } from "../../src/examples/graph-def.ts";
import { type FixtureModel, floatVariable, savedModelFiles } from "../fixtures/saved-model.ts";

const float = typeAttr("float32");

/** An input of any shape. */
export function input(name: string, dtype: DataType): NodeDef {
  return node(name, "Placeholder", [], { dtype: typeAttr(dtype) });
}

function scalar(name: string, value: number): NodeDef {
  return constantNode(name, { dtype: "float32", shape: [], data: Float32Array.of(value) });
}

/** `sum` of two numbers or vectors. */
export const sum: FixtureModel = {
  nodes: [input("a", "float32"), input("b", "float32"), node("total", "AddV2", ["a", "b"], { T: float })],
  signatures: {
    serving_default: {
      inputs: { a: ["a:0", "float32"], b: ["b:0", "float32"] },
      outputs: { sum: ["total:0", "float32"] },
    },
    composite: { outputs: { handle: ["", "float32"] } },
    absent: { outputs: { y: ["nowhere:0", "float32"] } },
  },
};

/** Each type gives itself. */
export function identities(dtypes: readonly DataType[]): FixtureModel {
  return {
    nodes: dtypes.flatMap((dtype) => [
      input(`in_${dtype}`, dtype),
      node(`out_${dtype}`, "Identity", [`in_${dtype}`], { T: typeAttr(dtype) }),
    ]),
    signatures: Object.fromEntries(
      dtypes.map((dtype) => [
        dtype,
        { inputs: { x: [`in_${dtype}:0`, dtype] }, outputs: { y: [`out_${dtype}:0`, dtype] } },
      ]),
    ),
  };
}

/** A convolution of one pixel by one, from 512 channels to 2048, all of ones. */
export const convolution: FixtureModel = {
  nodes: [
    input("image", "float32"),
    constantNode("ones", { dtype: "float32", shape: [1, 1, 512, 2048], data: new Float32Array(512 * 2048).fill(1) }),
    node("sums", "Conv2D", ["image", "ones"], {
      T: float,
      strides: { list: AttrList.create({ i: BigInt64Array.of(1n, 1n, 1n, 1n) }) },
      padding: { s: Buffer.from("SAME") },
    }),
  ],
  signatures: {
    serving_default: { inputs: { image: ["image:0", "float32"] }, outputs: { sums: ["sums:0", "float32"] } },
  },
};

/** Text and its base64, as TensorFlow makes it. */
export const texts: FixtureModel = {
  nodes: [
    input("text", "string"),
    node("same", "Identity", ["text"], { T: typeAttr("string") }),
    node("base64", "EncodeBase64", ["text"]),
  ],
  signatures: {
    serving_default: {
      inputs: { text: ["text:0", "string"] },
      outputs: { same: ["same:0", "string"], base64: ["base64:0", "string"] },
    },
  },
};

/** TensorFlow 1's variable, restored from the checkpoint; each call of `add` adds to it. */
export const counter: FixtureModel = {
  nodes: [
    node("count", "VariableV2", [], { dtype: float, shape: shapeAttr([]) }),
    input("by", "float32"),
    node("added", "AssignAdd", ["count", "by"], { T: float, use_locking: { b: true } }),
    node("file", "Placeholder", [], { dtype: typeAttr("string") }),
    constantNode("keys", textTensor(["count"])),
    constantNode("slices", textTensor([""])),
    node("restored", "RestoreV2", ["file", "keys", "slices"], {
      dtypes: { list: AttrList.create({ type: [dataTypeNumber("float32")] }) },
    }),
    node("assign", "Assign", ["count", "restored"], { T: float }),
    node("restore", "NoOp", ["^assign"]),
  ],
  restoreOperation: "restore",
  filenameTensor: "file:0",
  variables: { count: floatVariable([], [40]) },
  signatures: {
    add: { inputs: { by: ["by:0", "float32"] }, outputs: { count: ["added:0", "float32"] } },
  },
};

/** Counts up for as long as a call says, in TensorFlow 1's loop. */
export const loop: FixtureModel = {
  nodes: [
    input("until", "float32"),
    scalar("zero", 0),
    scalar("one", 1),
    frame("until_in", "until", true),
    frame("one_in", "one", true),
    frame("zero_in", "zero", false),
    node("merge", "Merge", ["zero_in", "next"], { T: float, N: { i: 2n } }),
    node("less", "Less", ["merge", "until_in"], { T: float }),
    node("go_on", "LoopCond", ["less"]),
    node("switch", "Switch", ["merge", "go_on"], { T: float }),
    node("more", "AddV2", ["switch:1", "one_in"], { T: float }),
    node("next", "NextIteration", ["more"], { T: float }),
    node("result", "Exit", ["switch"], { T: float }),
  ],
  signatures: {
    serving_default: { inputs: { until: ["until:0", "float32"] }, outputs: { count: ["result:0", "float32"] } },
  },
};

function frame(name: string, from: string, constant: boolean): NodeDef {
  return node(name, "Enter", [from], {
    T: float,
    frame_name: { s: Buffer.from("loop") },
    is_constant: { b: constant },
    parallel_iterations: { i: 1n },
  });
}

/** Folders for models, which go when all tests are done. */
export class ModelFolders {
  readonly #made: string[] = [];

  async write(model: FixtureModel): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "sealserve-tensorflow-"));
    this.#made.push(directory);
    for (const [path, content] of savedModelFiles(model)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), content);
    }
    return directory;
  }

  async remove(): Promise<void> {
    await Promise.all(this.#made.map((directory) => rm(directory, { recursive: true, force: true })));
  }
}
