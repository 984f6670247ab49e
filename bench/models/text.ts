/** A text model in the form that Keras exports TextVectorization: words looked up in a table, embedded, averaged, classified. */
import { encodeUtf8 } from "@sealserve/core";
import type { Tensor } from "@sealserve/protocol";
import { textTensor, typeAttr } from "../../packages/models/src/examples/graph-def.ts";
import { intAttribute } from "../../packages/models/src/onnx/attribute.ts";
import { encodeModel, makeInitialiser, makeNode, makeValueInfo } from "../../packages/models/src/onnx/write.ts";
import { RandomWeights } from "./random-weights.ts";
import { SavedModelWriter, textAttr, textsAttr } from "./saved-model-writer.ts";
import { measureSmallModel } from "./small-model.ts";

const WORDS = 10_000;
const WIDTH = 64;
const CLASSES = 16;
const LENGTH = 32;
const WORDS_OF_A_TEXT = 20;
const UNKNOWN = 1;
const BATCHES = [1, 32];
const int64 = typeAttr("int64");

const weights = new RandomWeights();
const embedding = weights.draw(WORDS * WIDTH, 1);
const dense = weights.draw(WIDTH * CLASSES, 0.5);

export async function text(): Promise<void> {
  for (const batch of BATCHES) {
    await measureSmallModel({
      name: `texts, batch ${batch}`,
      about: `${WORDS_OF_A_TEXT} words each: lower case, no punctuation, split, ${WORDS} words in a table, embedding, mean, softmax`,
      savedModel: makeSavedModel(),
      inputs: new Map([["text", textTensor(Array.from({ length: batch }, (_, index) => textOf(index)))]]),
      peer: makePeer(),
      peerAbout: "which gets the numbers of the words and is spared the texts",
      peerInputs: new Map([["ids", numbersOf(batch)]]),
    });
  }
}

/** Number of a word in the vocabulary; 0 pads and 1 stands for words that are not in it, so words begin at 2. */
function wordNumber(row: number, word: number): number {
  return 2 + ((row * 977 + word * 131) % (WORDS - 2));
}

function textOf(row: number): string {
  const words = Array.from({ length: WORDS_OF_A_TEXT - 1 }, (_, word) => `Word${wordNumber(row, word)}`);
  return `${words.join(" ")}, strange!`;
}

function numbersOf(batch: number): Tensor {
  const data = new BigInt64Array(batch * LENGTH);
  for (let row = 0; row < batch; row++) {
    for (let word = 0; word < WORDS_OF_A_TEXT; word++) {
      data[row * LENGTH + word] = BigInt(word === WORDS_OF_A_TEXT - 1 ? UNKNOWN : wordNumber(row, word));
    }
  }
  return { dtype: "int64", shape: [batch, LENGTH], data };
}

function makeSavedModel(): Map<string, Uint8Array> {
  const writer = new SavedModelWriter();
  const ids = lookUp(writer, split(writer, writer.placeholder("text", "string")));
  const rows = writer.add("GatherV2", [writer.variable([WORDS, WIDTH], embedding), ids, writer.integer(0)]);
  const mean = writer.add("Mean", [rows, writer.integers(1)]);
  writer.add("Softmax", [writer.add("MatMul", [mean, writer.variable([WIDTH, CLASSES], dense)])], {}, "predict");
  return writer.files({ inputs: { text: ["text:0", "string"] }, outputs: { predict: ["predict:0", "float32"] } });
}

function split(writer: SavedModelWriter, texts: string): string {
  const pattern = "[!\"#$%&()\\*\\+,-\\./:;<=>?@\\[\\\\\\]^_`{|}~']";
  const lower = writer.add("StringLower", [texts]);
  const plain = writer.add("StaticRegexReplace", [lower], { pattern: textAttr(pattern), rewrite: textAttr("") });
  return writer.add("StringSplitV2", [plain, writer.constant({ dtype: "string", shape: [], data: [encodeUtf8("")] })]);
}

/** Numbers of the words, rows filled up with 0 to one length. */
function lookUp(writer: SavedModelWriter, parts: string): string {
  const number = (value: number) =>
    writer.constant({ dtype: "int64", shape: [], data: BigInt64Array.of(BigInt(value)) });
  const types = { key_dtype: typeAttr("string"), value_dtype: int64 };
  const table = writer.add("HashTableV2", [], { ...types, shared_name: textAttr("vocabulary") });
  const numbers = BigInt64Array.from({ length: WORDS - 2 }, (_, index) => BigInt(index + 2));
  const words = writer.constant(textTensor(Array.from(numbers, (value) => `word${value}`)));
  const values = writer.constant({ dtype: "int64", shape: [WORDS - 2], data: numbers });
  writer.initialiseBy(writer.add("LookupTableImportV2", [table, words, values]));
  const found = writer.add("LookupTableFindV2", [table, `${parts}:1`, number(UNKNOWN)]);
  const slice = { T: int64, Index: typeAttr("int32") };
  const count = writer.add("StridedSlice", [`${parts}:2`, writer.integers(0), writer.integers(1), writer.integers(1)], {
    ...slice,
    shrink_axis_mask: { i: 1n },
  });
  const rowNumbers = writer.add(
    "StridedSlice",
    [parts, writer.integers(0, 0), writer.integers(0, 1), writer.integers(1, 1)],
    { ...slice, begin_mask: { i: 1n }, end_mask: { i: 1n }, shrink_axis_mask: { i: 2n } },
  );
  const shape = writer.constant({ dtype: "int64", shape: [2], data: BigInt64Array.of(-1n, BigInt(LENGTH)) });
  return writer.add("RaggedTensorToTensor", [shape, found, number(0), count, rowNumbers], {
    T: int64,
    row_partition_types: textsAttr("FIRST_DIM_SIZE", "VALUE_ROWIDS"),
  });
}

function makePeer(): Uint8Array {
  return encodeModel({
    node: [
      makeNode("Gather", ["embedding", "ids"], ["rows"]),
      makeNode("ReduceMean", ["rows", "axis"], ["mean"], [intAttribute("keepdims", 0)]),
      makeNode("MatMul", ["mean", "dense"], ["logits"]),
      makeNode("Softmax", ["logits"], ["predict"]),
    ],
    initializer: [
      makeInitialiser("embedding", { dtype: "float32", shape: [WORDS, WIDTH], data: embedding }),
      makeInitialiser("dense", { dtype: "float32", shape: [WIDTH, CLASSES], data: dense }),
      makeInitialiser("axis", { dtype: "int64", shape: [1], data: BigInt64Array.of(1n) }),
    ],
    input: [makeValueInfo("ids", "int64", [-1, LENGTH])],
    output: [makeValueInfo("predict", "float32", [-1, CLASSES])],
  });
}
