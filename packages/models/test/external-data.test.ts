import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ExternalData } from "../src/onnx/external-data.ts";
import { parseOnnxSignatures } from "../src/onnx/read.ts";
import { AttributeProto, FunctionProto, type GraphProto, type ModelProto, TensorProto } from "../src/onnx/schema.ts";
import { makeExternalInitialiser, makeInitialiser, makeNode } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxModel, sparseTensor, sumGraph, withInitialisers, withNodes } from "./fixtures/onnx.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { expectTensor } from "./fixtures/operation-case.ts";
import { feed, floats } from "./fixtures/tensors.ts";

after(closeModels);

/** Four floats before the weights, 1 and 2. */
const FILE = "model.onnx.data";
const content = (): Uint8Array => new Uint8Array(Float32Array.of(9, 9, 9, 9, 1, 2).buffer);
const external = makeExternalInitialiser("w", "float32", [2], { file: FILE, offset: 16, length: 8 });
const entries = (rows: Readonly<Record<string, string>>) =>
  Object.entries(rows).map(([key, value]) => ({ key, value }));
const placed = (rows: Readonly<Record<string, string>>, parts: Partial<TensorProto> = {}): TensorProto =>
  TensorProto.create({ ...external, externalData: entries({ location: FILE, ...rows }), ...parts });

const FILES = new Map([
  [FILE, content()],
  ["other.onnx", content()],
  ["batching_params.pbtxt", content()],
  ["folder/w", content()],
  ["/etc/passwd", content()],
  ["../w", content()],
  ["*/_ORT_MEM_ADDR_/*", content()],
]);

function parse(graph: GraphProto, parts: Partial<ModelProto> = {}): ExternalData {
  const data = new ExternalData(FILES);
  parseOnnxSignatures(onnxModel(graph, parts), data);
  return data;
}

test("an ONNX model takes its weights from a file beside it, in memory and on disk", async () => {
  const model = onnxModel(withInitialisers(external));
  const settings = Uint8Array.of(1);
  const files = new Map([
    ["model.onnx", model.slice()],
    [FILE, content()],
    ["batching_params.pbtxt", settings],
  ]);
  const directory = await mkdtemp(join(tmpdir(), "sealserve-external-"));
  try {
    await writeFile(join(directory, "model.onnx"), model);
    await writeFile(join(directory, FILE), content());
    for (const source of [files, { directory }]) {
      const loaded = await load(source);
      const outputs = await loaded.run("serving_default", feed(floats([1, 2], [1, 1])), []);
      expectTensor(outputs.get("y"), floats([1, 2], [2, 3]));
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  assert.deepEqual([files.get("model.onnx")?.length, files.get(FILE)?.length, [...settings]], [0, 0, [1]]);
});

test("a link out of the folder is no file beside the model", async () => {
  const directory = await mkdtemp(join(tmpdir(), "sealserve-external-"));
  try {
    await mkdir(join(directory, "1"));
    await writeFile(join(directory, "1", "model.onnx"), onnxModel(withInitialisers(external)));
    await writeFile(join(directory, "elsewhere"), content());
    await symlink(join(directory, "elsewhere"), join(directory, "1", FILE));
    await assert.rejects(load({ directory: join(directory, "1") }), modelError("unsafe-path"));
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("offset and length may be left out, and only files that are used count", () => {
  assert.deepEqual([...parse(withInitialisers(placed({ offset: "16" }))).files.keys()], [FILE]);
  assert.deepEqual([...parse(withInitialisers(placed({}, { dims: BigInt64Array.of(6n) }))).files.keys()], [FILE]);
  assert.deepEqual([...parse(sumGraph()).files.keys()], []);
});

const places = [
  "../w",
  "/etc/passwd",
  "folder/w",
  "*/_ORT_MEM_ADDR_/*",
  "other.onnx",
  "batching_params.pbtxt",
  "missing",
];
for (const location of [...places, `./${FILE}`, `folder\\${FILE}`, `${FILE}\0`, "", ".", ".."]) {
  test(`weights in ${JSON.stringify(location)} are refused`, () => {
    const tensor = placed({ location, offset: "16", length: "8" });
    assert.throws(() => parse(withInitialisers(tensor)), modelError("external-data", /"w" keeps its data in/));
  });
}

for (const [what, code, tensor] of [
  ["no location", "external-data", placed({}, { externalData: entries({ offset: "16" }) })],
  [
    "a location twice",
    "external-data",
    placed({}, { externalData: [...external.externalData, ...entries({ location: FILE })] }),
  ],
  ["more than a place", "external-data", placed({ offset: "16", length: "8", checksum: "0" })],
  ["a place, but that it is inside", "external-data", placed({ offset: "16" }, { dataLocation: 0 })],
  ["values inside too", "external-data", placed({ offset: "16" }, { rawData: new Uint8Array(8) })],
  ["a negative offset", "external-data", placed({ offset: "-8", length: "8" })],
  ["an offset in other digits", "external-data", placed({ offset: "1e1", length: "8" })],
  ["an empty length", "external-data", placed({ offset: "16", length: "" })],
  ["an offset behind the end", "external-data", placed({ offset: "25" })],
  ["a length beyond the end", "external-data", placed({ offset: "17", length: "8" })],
  ["an end beyond exact numbers", "external-data", placed({ offset: "9007199254740993", length: "8" })],
  ["fewer bytes than its shape", "bad-onnx", placed({ offset: "16", length: "4" })],
  ["more bytes than its shape", "bad-onnx", placed({ offset: "12", length: "12" })],
  ["a negative shape", "bad-onnx", placed({ offset: "16" }, { dims: BigInt64Array.of(-2n) })],
  ["a shape larger than the file", "too-large", placed({ offset: "16" }, { dims: BigInt64Array.of(1n << 40n) })],
  ["texts", "unsupported-type", placed({ offset: "16" }, { dataType: 8 })],
] as const) {
  test(`weights in another file with ${what} are refused`, () => {
    assert.throws(() => parse(withInitialisers(tensor)), modelError(code));
  });
}

test("4-bit weights in another file take half a byte each", () => {
  const packed = (count: bigint) => placed({ offset: "16" }, { dataType: 21, dims: BigInt64Array.of(count) });
  assert.deepEqual([...parse(withInitialisers(packed(15n))).files.keys()], [FILE]);
  assert.throws(() => parse(withInitialisers(packed(14n))), modelError("bad-onnx", /does not fit its shape/));
});

test("tensors that share their bytes are refused: a small file could ask for all memory", () => {
  const named = (name: string) =>
    TensorProto.create({ ...placed({ length: "16" }, { dims: BigInt64Array.of(4n) }), name });
  assert.throws(() => parse(withInitialisers(external, named("a"), named("b"))), modelError("too-large"));
  parse(withInitialisers(external, named("a")));
});

test("only initialisers of the model's own graph may stand in other files", () => {
  const attribute = (value: Partial<AttributeProto>) => AttributeProto.create({ name: "value", ...value });
  const refused = modelError("external-data", /"w"/);
  const constant = makeNode("Constant", [], ["y"], [attribute({ t: external })]);
  const weights = makeInitialiser("w", floats([2], [1, 2]));
  assert.throws(() => parse(withNodes(constant)), refused);
  assert.throws(
    () => parse(withNodes(makeNode("If", ["x"], ["y"], [attribute({ g: withInitialisers(external) })]))),
    refused,
  );
  assert.throws(() => parse(sumGraph({ sparseInitializer: [sparseTensor(external, [9n])] })), refused);
  assert.throws(
    () => parse(sumGraph({ sparseInitializer: [{ ...sparseTensor(weights, [9n]), indices: external }] })),
    refused,
  );
  const functions = [FunctionProto.create({ name: "f", domain: "own", node: [constant] })];
  assert.throws(() => parse(sumGraph(), { functions }), refused);
});
