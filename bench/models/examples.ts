/** A model that takes `tf.Example`s, as estimators export them: two features parsed, joined and classified. */
import {
  AttrList,
  type AttrValue,
  type DataType,
  dataTypeNumber,
  type Tensor,
  TensorShapeProto,
} from "@sealserve/protocol";
import { textTensor, typeAttr } from "../../packages/models/src/examples/graph-def.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
import { exampleVector } from "../../packages/models/test/fixtures/examples.ts";
import { RandomWeights } from "./random-weights.ts";
import { SavedModelWriter } from "./saved-model-writer.ts";
import { measureSmallModel } from "./small-model.ts";

const WIDTH = 16;
const FEATURES = ["a", "b"];
const CLASSES = 4;
const BATCHES = [1, 32];

const dense = new RandomWeights().draw(FEATURES.length * WIDTH * CLASSES, 0.5);

export async function examples(): Promise<void> {
  for (const batch of BATCHES) {
    await measureSmallModel({
      name: `tf.Examples, batch ${batch}`,
      about: `${FEATURES.length} features of ${WIDTH} floats each: parsed, joined, ${CLASSES} classes, softmax`,
      savedModel: makeSavedModel(),
      inputs: new Map([["examples", exampleVector(Array.from({ length: batch }, (_, row) => exampleOf(row)))]]),
      peer: makePeer(),
      peerAbout: "which gets the features as one tensor and is spared the Examples",
      peerInputs: new Map([["features", joinedFeatures(batch)]]),
    });
  }
}

function exampleOf(row: number): Record<string, Float32Array> {
  return Object.fromEntries(FEATURES.map((name, at) => [name, featureOf(row, at)]));
}

function featureOf(row: number, at: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: WIDTH }, (_, index) => Math.sin(row * 31 + at * 7 + index));
}

function joinedFeatures(batch: number): Tensor {
  const rows = Array.from({ length: batch }, (_, row) => FEATURES.flatMap((_name, at) => [...featureOf(row, at)]));
  return { dtype: "float32", shape: [batch, FEATURES.length * WIDTH], data: Float32Array.from(rows.flat()) };
}

function makeSavedModel(): Map<string, Uint8Array> {
  const writer = new SavedModelWriter();
  const names = (...texts: string[]): string => writer.constant(textTensor(texts));
  const none = FEATURES.map(() => writer.constant({ dtype: "float32", shape: [0], data: new Float32Array() }));
  const parsed = writer.add(
    "ParseExampleV2",
    [writer.placeholder("examples", "string"), names(), names(), names(...FEATURES), names(), ...none],
    {
      num_sparse: { i: 0n },
      Tdense: types(...FEATURES.map(() => "float32" as const)),
      dense_shapes: shapes(...FEATURES.map(() => WIDTH)),
      sparse_types: types(),
      ragged_value_types: types(),
      ragged_split_types: types(),
    },
  );
  const joined = writer.add("ConcatV2", [...FEATURES.map((_, at) => `${parsed}:${at}`), writer.integer(1)], {
    N: { i: BigInt(FEATURES.length) },
    Tidx: typeAttr("int32"),
  });
  const weights = writer.variable([FEATURES.length * WIDTH, CLASSES], dense);
  writer.add("Softmax", [writer.add("MatMul", [joined, weights])], {}, "predict");
  return writer.files({
    inputs: { examples: ["examples:0", "string"] },
    outputs: { predict: ["predict:0", "float32"] },
  });
}

function types(...dtypes: readonly DataType[]): AttrValue {
  return { list: AttrList.create({ type: dtypes.map(dataTypeNumber) }) };
}

function shapes(...sizes: readonly number[]): AttrValue {
  const shape = sizes.map((size) => TensorShapeProto.create({ dim: [{ size: BigInt(size), name: "" }] }));
  return { list: AttrList.create({ shape }) };
}

function makePeer(): Uint8Array {
  return encodeModel({
    node: [makeNode("MatMul", ["features", "dense"], ["logits"]), makeNode("Softmax", ["logits"], ["predict"])],
    initializer: [
      makeInitialiser("dense", { dtype: "float32", shape: [FEATURES.length * WIDTH, CLASSES], data: dense }),
    ],
    input: [makeValueInfo("features", "float32", [-1, FEATURES.length * WIDTH])],
    output: [makeValueInfo("predict", "float32", [-1, CLASSES])],
  });
}
