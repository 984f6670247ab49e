import assert from "node:assert/strict";
import { after, test } from "node:test";

import { type AttrValue, MetaGraphDef, type NodeDef, SavedModel, SignatureDef, type Tensor } from "@sealserve/protocol";

import { constantNode, node, tensorInfo, textTensor, typeAttr } from "../src/examples/graph-def.ts";
import { LookupTable } from "../src/interpreter/lookup/lookup-table.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { textAttr } from "./fixtures/operation-case.ts";
import { callNode, functionDef, savedModelFiles } from "./fixtures/saved-model.ts";
import { feed, floats, int64s, texts } from "./fixtures/tensors.ts";

after(closeModels);

type Attributes = Readonly<Record<string, AttrValue>>;

const table = (attributes: Attributes = {}): NodeDef =>
  node("table", "HashTableV2", [], {
    key_dtype: typeAttr("string"),
    value_dtype: typeAttr("int64"),
    shared_name: textAttr("words"),
    ...attributes,
  });
const words = ["the", "quick", "fox"];
const filling: readonly NodeDef[] = [
  constantNode("words", textTensor(words)),
  constantNode("numbers", int64s([3], [10, 20, 30])),
  node("init", "LookupTableImportV2", ["table", "words", "numbers"]),
];
const vocabulary = (attributes: Attributes = {}): readonly NodeDef[] => [
  constantNode("file", { dtype: "string", shape: [], data: [Buffer.from("/somewhere/vocabulary.txt")] }),
  node("init", "InitializeTableFromTextFileV2", ["table", "file"], attributes),
];
const columns = { key_index: { i: 1n }, value_index: { i: 0n }, delimiter: textAttr(",") };

interface TableModel {
  readonly handle?: NodeDef;
  readonly nodes: readonly NodeDef[];
  readonly file?: string;
  /** TensorFlow 1 keeps the operation in a collection. */
  readonly inCollection?: boolean;
  readonly assetName?: string;
  /** What stands for keys that the table lacks. */
  readonly missing?: Tensor;
  readonly functions?: Parameters<typeof savedModelFiles>[0]["functions"];
}

/** A model that finds its input in a table, which `init` fills when it is loaded. */
function tableFiles({
  handle,
  nodes,
  file,
  inCollection,
  assetName,
  functions,
  missing = int64s([], [-1]),
}: TableModel): Map<string, Uint8Array> {
  const files = savedModelFiles({
    nodes: [
      handle ?? table(),
      ...nodes,
      node("x", "Placeholder", [], { dtype: typeAttr("string") }),
      constantNode("missing", missing),
      node("found", "LookupTableFindV2", ["table", "x", "missing"]),
      node("size", "LookupTableSizeV2", ["table"]),
    ],
    functions: functions ?? [],
    signatures: {
      s: { inputs: { x: ["x:0", "string"] }, outputs: { found: ["found:0", "int64"], size: ["size:0", "int64"] } },
    },
  });
  const saved = SavedModel.decode(files.get("saved_model.pb") ?? new Uint8Array());
  const metaGraphs = saved.metaGraphs.map((metaGraph) => {
    const info = { ...tensorInfo("init", "float32", []), dtype: 0 };
    const key = "__saved_model_init_op";
    const initialisation = SignatureDef.create({ outputs: new Map([[key, info]]) });
    const asset = { tensorInfo: tensorInfo("file:0", "string", []), filename: assetName ?? "vocabulary.txt" };
    return MetaGraphDef.create({
      ...metaGraph,
      signatureDef: inCollection ? metaGraph.signatureDef : new Map([...metaGraph.signatureDef, [key, initialisation]]),
      collectionDef: inCollection ? new Map([["legacy_init_op", { nodeList: { value: ["init"] } }]]) : new Map(),
      assetFileDef: file === undefined ? [] : [asset],
    });
  });
  files.set("saved_model.pb", SavedModel.encode({ ...saved, metaGraphs }));
  return file === undefined ? files : files.set("assets/vocabulary.txt", Buffer.from(file));
}

async function find(model: TableModel, keys: Tensor): Promise<[found: unknown, size: unknown]> {
  const outputs = await (await load(tableFiles(model))).run("s", feed(keys), []);
  return [Array.from<unknown, number>(outputs.get("found")?.data ?? [], Number), Number(outputs.get("size")?.data[0])];
}

const asked = { ...texts(["fox", "dog", "the", ""]), shape: [2, 2] };
const refused = (model: TableModel) => () => prepareSavedModel(tableFiles(model));

test("a table is filled with tensors when the model is loaded, and gives the default for keys it lacks", async () => {
  assert.deepEqual(await find({ nodes: filling }, asked), [[30, -1, 10, -1], 3]);
  assert.deepEqual(await find({ nodes: filling, inCollection: true }, asked), [[30, -1, 10, -1], 3]);
});

test("a table is filled through functions, as TensorFlow 2 does it", async () => {
  const [wordsNode, numbersNode] = filling as [NodeDef, NodeDef];
  const fill = functionDef(
    "fill",
    ["table", "words", "numbers"],
    { done: "words" },
    [node("import", "LookupTableImportV2", ["table", "words", "numbers"])],
    ["import"],
  );
  const nodes = [
    wordsNode,
    numbersNode,
    callNode("call", "fill", ["table", "words", "numbers"]),
    node("init", "NoOp", ["^call"]),
  ];
  assert.deepEqual(await find({ nodes, functions: [fill] }, asked), [[30, -1, 10, -1], 3]);
});

test("a table is filled from an asset: lines and their numbers, or columns", async () => {
  assert.deepEqual(await find({ nodes: vocabulary(), file: "the\r\nquick\nfox\n" }, asked), [[2, -1, 0, -1], 3]);
  assert.deepEqual(await find({ nodes: vocabulary(), file: "the\n\nfox" }, asked), [[2, -1, 0, 1], 3]);
  assert.deepEqual(await find({ nodes: vocabulary({ vocab_size: { i: 1n } }), file: "the\nfox" }, asked), [
    [-1, -1, 0, -1],
    1,
  ]);
  assert.deepEqual(await find({ nodes: vocabulary({ offset: { i: 5n } }), file: "the\nfox" }, asked), [
    [6, -1, 5, -1],
    2,
  ]);
  assert.deepEqual(await find({ nodes: vocabulary(columns), file: "7,fox\n-8,the\n" }, asked), [[7, -1, -8, -1], 2]);
});

test("a path of an asset may go through a variable that is assigned once, as newer versions of TensorFlow do it", async () => {
  const path = (assignments: readonly string[]): readonly NodeDef[] => [
    constantNode("file", { dtype: "string", shape: [], data: [Buffer.from("/somewhere/vocabulary.txt")] }),
    node("path", "VarHandleOp", [], { dtype: typeAttr("string"), shared_name: textAttr("path") }),
    ...assignments.map((name) => node(name, "AssignVariableOp", ["path", "file"], { dtype: typeAttr("string") })),
    node("read", "ReadVariableOp", ["path", ...assignments.map((name) => `^${name}`)], { dtype: typeAttr("string") }),
    node("init", "InitializeTableFromTextFileV2", ["table", "read"], {
      key_index: { i: -2n },
      value_index: { i: -1n },
    }),
  ];
  assert.deepEqual(await find({ nodes: path(["set"]), file: "fox\nthe\n" }, asked), [[0, -1, 1, -1], 2]);
  const twice = refused({ nodes: path(["set", "set_again"]), file: "fox\nthe\n" });
  assert.throws(twice, modelError("unsupported-op", /table is not filled/));
});

test("keys may be any bytes", async () => {
  const bytes: Tensor = { dtype: "string", shape: [2], data: [Uint8Array.of(0xff, 0), Uint8Array.of(0xff)] };
  const nodes = [constantNode("words", bytes), constantNode("numbers", int64s([2], [1, 2])), ...filling.slice(2)];
  assert.deepEqual(await find({ nodes }, bytes), [[1, 2], 2]);
});

test("a key with two values, types and counts that do not fit, and files that do not, are refused", () => {
  const badGraph = (message: RegExp) => modelError("bad-graph", message);
  const [, numbersNode, init] = filling as [NodeDef, NodeDef, NodeDef];
  const withWords = (tensor: Tensor) => ({ nodes: [constantNode("words", tensor), numbersNode, init] });
  assert.throws(refused(withWords(textTensor(["a", "b", "a"]))), badGraph(/two values for one key/));
  assert.throws(refused(withWords(textTensor(["a"]))), badGraph(/another number of keys/));
  assert.throws(refused(withWords(int64s([3], [1, 2, 3]))), badGraph(/other types/));
  const file = (text: string, attributes: Attributes) => refused({ nodes: vocabulary(attributes), file: text });
  assert.throws(file("a\n", { vocab_size: { i: 2n } }), badGraph(/has 1 lines, not the 2/));
  assert.throws(file("7\n", columns), badGraph(/lacks column 1 in line 1/));
  assert.throws(file("7,a\nx,b", columns), badGraph(/no int64 in line 2/));
});

test("a table that nothing known fills refuses the signature only", () => {
  const notFilled = modelError("unsupported-op", /HashTableV2 .* its table is not filled when the model is loaded/);
  assert.throws(refused({ nodes: [node("init", "NoOp")] }), notFilled);
  assert.throws(refused({ nodes: vocabulary() }), notFilled);
  const computed = [node("words", "ReadFile", []), ...filling.slice(1)];
  assert.throws(refused({ nodes: computed }), notFilled);
  const numbersAsKeys = table({ key_dtype: typeAttr("int64") });
  const numberKeys = [constantNode("words", int64s([3], [1, 2, 3])), ...filling.slice(1)];
  assert.throws(
    refused({ handle: numbersAsKeys, nodes: numberKeys }),
    modelError("unsupported-op", /keys of type int64/),
  );
});

test("an asset outside of the model's folder is not read", async () => {
  const nodes = vocabulary();
  assert.throws(
    refused({ nodes, file: "a", assetName: "../vocabulary.txt" }),
    modelError("unsupported-op", /is not filled/),
  );
  await assert.doesNotReject(find({ nodes, file: "a" }, asked));
});

test("a default that is not one value is refused", async () => {
  const model = { nodes: filling, missing: int64s([2], [1, 2]) };
  await assert.rejects(find(model, asked), servingError("INVALID_ARGUMENT", /default value/));
});

test("a key that is not a number is never found", () => {
  const lookup = new LookupTable({ keys: "float32", values: "int64" });
  lookup.add(floats([2], [Number.NaN, 1]), int64s([2], [5, 6]));
  assert.deepEqual(lookup.find(floats([3], [Number.NaN, 1, 2]), 0n), [0n, 6n, 0n]);
});
