import assert from "node:assert/strict";
import { test } from "node:test";

import { parseOnnxSignatures } from "../src/onnx/read.ts";
import {
  AttributeProto,
  FunctionProto,
  type GraphProto,
  type ModelProto,
  NodeProto,
  TensorProto,
  TypeProto,
  ValueInfoProto,
} from "../src/onnx/schema.ts";
import { makeExternalInitialiser, makeInitialiser, makeNode, makeValueInfo } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxModel, sparseTensor, sumGraph, withInitialisers, withNodes } from "./fixtures/onnx.ts";
import { floats, texts } from "./fixtures/tensors.ts";

const parse = (graph: GraphProto, parts: Partial<ModelProto> = {}) => parseOnnxSignatures(onnxModel(graph, parts));
const weights = makeInitialiser("w", floats([2], [1, 2]));
const external = makeExternalInitialiser("w", "float32", [2], { file: "../../etc/passwd", offset: 0, length: 8 });
const attribute = (value: Partial<AttributeProto>): AttributeProto =>
  AttributeProto.create({ name: "value", ...value });

/** A node whose attribute holds a body. */
function branch(body: GraphProto): NodeProto {
  return makeNode("If", ["x"], ["y"], [attribute({ g: body })]);
}

test("the signature has the graph's inputs without its initialisers, and symbolic sizes as -1", () => {
  const graph = sumGraph({ input: [makeValueInfo("x", "float32", [-1, 2]), makeValueInfo("w", "float32", [2])] });
  const signature = parse(graph).get("serving_default");
  assert.equal(signature?.methodName, "tensorflow/serving/predict");
  assert.deepEqual([...(signature?.inputs ?? [])], [["x", { dtype: "float32", shape: [-1, 2], tensorName: "x" }]]);
  assert.deepEqual([...(signature?.outputs ?? [])], [["y", { dtype: "float32", shape: [-1, 2], tensorName: "y" }]]);
});

test("a sparse initialiser is none of the signature's inputs either", () => {
  const graph = sumGraph({
    input: [makeValueInfo("x", "float32"), makeValueInfo("sparse", "float32")],
    sparseInitializer: [sparseTensor(TensorProto.create({ ...weights, name: "sparse" }), [9n])],
  });
  assert.deepEqual([...(parse(graph).get("serving_default")?.inputs.keys() ?? [])], ["x"]);
});

test("named sizes and unknown ranks are read", () => {
  const named = ValueInfoProto.create({
    name: "x",
    type: TypeProto.create({ tensorType: { elemType: 7, shape: { dim: [{ dimParam: "batch" }, { dimValue: 0n }] } } }),
  });
  const inputs = parse(sumGraph({ input: [named, makeValueInfo("z", "string")] })).get("serving_default")?.inputs;
  assert.deepEqual(inputs?.get("x"), { dtype: "int64", shape: [-1, 0], tensorName: "x" });
  assert.deepEqual(inputs?.get("z"), { dtype: "string", shape: undefined, tensorName: "z" });
});

test("outputs that are no tensors are left out, inputs that are none are refused", () => {
  const sequence = ValueInfoProto.create({ name: "s", type: TypeProto.create() });
  const outputs = parse(sumGraph({ output: [makeValueInfo("y", "float32"), sequence] })).get(
    "serving_default",
  )?.outputs;
  assert.deepEqual([...(outputs?.keys() ?? [])], ["y"]);
  assert.throws(() => parse(sumGraph({ output: [sequence] })), modelError("unsupported-type", /no output .* tensor/));
  assert.throws(() => parse(sumGraph({ input: [sequence] })), modelError("unsupported-type", /input "s" .* is not a/));
  const unknown = ValueInfoProto.create({ name: "u", type: TypeProto.create({ tensorType: { elemType: 99 } }) });
  assert.throws(() => parse(sumGraph({ input: [unknown] })), modelError("unsupported-type", /"u"/));
});

test("bytes that are no ONNX model are refused", () => {
  const good = onnxModel(sumGraph());
  assert.throws(() => parseOnnxSignatures(new Uint8Array()), modelError("bad-onnx", /no graph/));
  assert.throws(() => parseOnnxSignatures(new TextEncoder().encode("not a protobuf")), modelError("bad-onnx"));
  assert.throws(() => parseOnnxSignatures(good.subarray(0, -3)), modelError("bad-onnx"));
  assert.throws(() => parse(sumGraph({ output: [] })), modelError("bad-onnx", /outputs/));
});

test("data in other files is refused wherever a tensor can stand", () => {
  const refused = modelError("external-data", /"w"/);
  assert.throws(() => parse(withInitialisers(external)), refused);
  assert.throws(() => parse(withInitialisers(TensorProto.create({ ...external, dataLocation: 0 }))), refused);
  assert.throws(() => parse(withInitialisers(TensorProto.create({ ...external, externalData: [] }))), refused);
  assert.throws(() => parse(sumGraph({ sparseInitializer: [sparseTensor(external, [9n])] })), refused);
  const elsewhere = { ...sparseTensor(weights, [9n]), indices: external };
  assert.throws(() => parse(sumGraph({ sparseInitializer: [elsewhere] })), refused);
  for (const value of [
    { t: external },
    { tensors: [weights, external] },
    { sparseTensor: sparseTensor(external, [9n]) },
    { sparseTensors: [sparseTensor(external, [9n])] },
  ]) {
    assert.throws(() => parse(withNodes(makeNode("Constant", [], ["y"], [attribute(value)]))), refused);
  }
  assert.throws(() => parse(withNodes(branch(withInitialisers(external)))), refused);
  assert.throws(
    () => parse(withNodes(makeNode("If", [], ["y"], [attribute({ graphs: [withInitialisers(external)] })]))),
    refused,
  );
  const constant = makeNode("Constant", [], ["y"], [attribute({ t: external })]);
  const functions = [FunctionProto.create({ name: "f", domain: "own", node: [constant] })];
  assert.throws(() => parse(sumGraph(), { functions }), refused);
  const defaults = [FunctionProto.create({ name: "f", domain: "own", attributeProto: [attribute({ t: external })] })];
  assert.throws(() => parse(sumGraph(), { functions: defaults }), refused);
});

test("a tensor whose data do not fill its shape is refused", () => {
  const refused = modelError("bad-onnx", /does not fit its shape/);
  const shaped = (...dims: bigint[]) =>
    withInitialisers(TensorProto.create({ ...weights, dims: BigInt64Array.from(dims) }));
  assert.throws(() => parse(shaped(3n)), refused);
  assert.throws(() => parse(shaped(1n)), refused);
  assert.throws(() => parse(shaped(0n)), refused);
  const typed = TensorProto.create({
    name: "w",
    dataType: 7,
    dims: BigInt64Array.of(2n),
    int64Data: BigInt64Array.of(1n),
  });
  assert.throws(() => parse(withInitialisers(typed)), refused);
  const strings = TensorProto.create({ ...makeInitialiser("w", texts(["a", "b"])), stringData: [] });
  assert.throws(() => parse(withInitialisers(strings)), refused);
});

test("typed lists, strings and empty tensors are taken", () => {
  const list = TensorProto.create({
    name: "l",
    dataType: 14,
    dims: BigInt64Array.of(1n),
    floatData: Float32Array.of(1, 2),
  });
  const empty = TensorProto.create({ name: "e", dataType: 1, dims: BigInt64Array.of(0n, 2n ** 40n) });
  assert.doesNotThrow(() => parse(withInitialisers(weights, list, empty, makeInitialiser("s", texts(["a", "b"])))));
});

test("two 4-bit numbers share a byte, as weights only", () => {
  const packed = (count: bigint, data: Partial<TensorProto>) =>
    withInitialisers(TensorProto.create({ name: "w", dataType: 22, dims: BigInt64Array.of(count), ...data }));
  const [twoBytes, twoEntries] = [{ rawData: Uint8Array.of(0x21, 3) }, { int32Data: Int32Array.of(0x21, 3) }];
  for (const data of [twoBytes, twoEntries]) {
    assert.doesNotThrow(() => parse(packed(3n, data)));
    assert.doesNotThrow(() => parse(packed(4n, data)));
    assert.throws(() => parse(packed(2n, data)), modelError("bad-onnx", /does not fit its shape/));
    assert.throws(() => parse(packed(5n, data)), modelError("bad-onnx", /does not fit its shape/));
  }
  assert.throws(() => parse(packed(2n ** 33n, twoBytes)), modelError("too-large"));
  const value = ValueInfoProto.create({ name: "u", type: TypeProto.create({ tensorType: { elemType: 22 } }) });
  assert.throws(() => parse(sumGraph({ input: [value] })), modelError("unsupported-type", /"u" .* type 22/));
});

test("shapes that are absurd are refused", () => {
  const shaped = (...dims: bigint[]) =>
    withInitialisers(TensorProto.create({ ...weights, dims: BigInt64Array.from(dims) }));
  assert.throws(() => parse(shaped(2n ** 40n)), modelError("too-large", /"w"/));
  assert.throws(() => parse(shaped(2n ** 32n, 2n ** 32n)), modelError("too-large"));
  assert.throws(() => parse(shaped(-1n)), modelError("bad-onnx", /negative/));
  assert.throws(
    () => parse(sumGraph({ sparseInitializer: [sparseTensor(weights, [2n ** 50n])] })),
    modelError("too-large"),
  );
  const strings = TensorProto.create({ ...makeInitialiser("w", texts([])), dims: BigInt64Array.of(2n ** 40n) });
  assert.throws(() => parse(withInitialisers(strings)), modelError("too-large"));
  for (const missing of ["values", "indices"]) {
    const part = { ...sparseTensor(weights, [9n]), [missing]: undefined };
    assert.throws(() => parse(sumGraph({ sparseInitializer: [part] })), modelError("bad-onnx", /lacks/));
  }
  const unknown = withInitialisers(TensorProto.create({ ...weights, dataType: 55 }));
  assert.throws(() => parse(unknown), modelError("unsupported-type", /55/));
});

test("operations that wait for each other are refused", () => {
  const refused = modelError("cyclic-graph");
  assert.throws(() => parse(withNodes(makeNode("Add", ["x", "b"], ["a"]), makeNode("Relu", ["a"], ["b"]))), refused);
  assert.throws(() => parse(withNodes(makeNode("Relu", ["a"], ["a"]))), refused);
  const body = sumGraph({ node: [makeNode("Relu", ["y"], ["z"])], output: [makeValueInfo("z", "float32")] });
  assert.throws(() => parse(withNodes(branch(body))), refused);
  const handsOut = sumGraph({ node: [], output: [makeValueInfo("y", "float32")] });
  assert.throws(() => parse(withNodes(branch(handsOut))), refused);
  assert.throws(
    () => parse(withNodes(makeNode("Relu", ["x"], ["y"]), makeNode("Relu", ["x"], ["y"]))),
    modelError("bad-onnx", /make the value "y"/),
  );
});

test("operations out of order but without a circle are taken", () => {
  assert.doesNotThrow(() => parse(withNodes(makeNode("Relu", ["a"], ["y"]), makeNode("Relu", ["x"], ["a"]))));
});

test("custom operations, and those that read files, are refused", () => {
  const other = (opType: string, domain: string) =>
    withNodes(NodeProto.create({ ...makeNode(opType, ["x"], ["y"]), domain }));
  assert.throws(() => parse(other("Anything", "example.com")), modelError("unsupported-op", /"example.com.Anything"/));
  assert.throws(() => parse(other("EPContext", "com.microsoft")), modelError("unsupported-op", /EPContext/));
  assert.throws(() => parse(withNodes(branch(other("Anything", "example.com")))), modelError("unsupported-op"));
  assert.doesNotThrow(() => parse(other("TreeEnsembleClassifier", "ai.onnx.ml")));
});

test("operations that the model defines itself are taken", () => {
  const functions = [
    FunctionProto.create({ name: "Twice", domain: "own", node: [makeNode("Add", ["v", "v"], ["r"])] }),
  ];
  const node = [NodeProto.create({ ...makeNode("Twice", ["x"], ["y"]), domain: "own" })];
  assert.doesNotThrow(() => parse(sumGraph({ node }), { functions }));
  const unknown = [NodeProto.create({ ...makeNode("Thrice", ["x"], ["y"]), domain: "own" })];
  assert.throws(() => parse(sumGraph({ node: unknown }), { functions }), modelError("unsupported-op", /Thrice/));
});

/** A function in a domain of the model's own. */
function ownFunction(name: string, calls: readonly string[], parts: Partial<FunctionProto> = {}): FunctionProto {
  const node = calls.map((call, index) => ownCall(call, `r${index}`));
  return FunctionProto.create({ name, domain: "own", node, ...parts });
}

function ownCall(name: string, output = "y", attributes: readonly AttributeProto[] = []): NodeProto {
  return NodeProto.create({ ...makeNode(name, ["x"], [output], attributes), domain: "own" });
}

test("functions that expand without measure, or call each other too deeply, are refused", () => {
  const chain = (length: number, calls: (next: string) => string[]) =>
    Array.from({ length }, (_, level) => ownFunction(`f${level}`, level + 1 < length ? calls(`f${level + 1}`) : []));
  const graph = withNodes(ownCall("f0"));
  const twice = chain(16, (next) => [next, next]);
  assert.throws(() => parse(graph, { functions: twice }), modelError("too-large", /too often/));
  assert.throws(() => parse(sumGraph(), { functions: twice }), modelError("too-large"), "never called");
  assert.doesNotThrow(() => parse(graph, { functions: chain(64, (next) => [next]) }));
  assert.throws(() => parse(graph, { functions: chain(65, (next) => [next]) }), modelError("too-large"));
  assert.throws(() => parse(graph, { functions: chain(65, (next) => [next]).toReversed() }), modelError("too-large"));
  assert.throws(() => parse(graph, { functions: chain(10_000, (next) => [next]) }), modelError("too-large"));
  const wide = Array.from({ length: 150 }, (_, index) => makeNode("Relu", ["x"], [`r${index}`]));
  const calls = Array.from({ length: 150 }, (_, index) => ownCall("f", `y${index}`));
  const functions = [ownFunction("f", [], { node: wide })];
  assert.throws(() => parse(withNodes(...calls), { functions }), modelError("too-large"));
  const inBody = branch(sumGraph({ node: calls, output: [makeValueInfo("y0", "float32")] }));
  assert.throws(() => parse(withNodes(inBody), { functions }), modelError("too-large"));
});

test("functions that call themselves, share a name, or are handed graphs are refused", () => {
  const graph = withNodes(ownCall("f"));
  const circle = [ownFunction("f", ["g"]), ownFunction("g", ["f"])];
  assert.throws(() => parse(graph, { functions: circle }), modelError("cyclic-graph", /calls itself/));
  const twins = [ownFunction("f", []), ownFunction("f", [])];
  assert.throws(() => parse(graph, { functions: twins }), modelError("bad-onnx", /same name/));
  const inner = sumGraph({ node: [makeNode("Relu", ["x"], ["z"])], output: [makeValueInfo("z", "float32")] });
  const body = [attribute({ g: inner })];
  const handed = withNodes(ownCall("f", "y", body));
  assert.throws(() => parse(handed, { functions: [ownFunction("f", [])] }), modelError("unsupported-op", /graph/));
  const takes = [ownFunction("f", [], { attributeProto: body })];
  assert.throws(() => parse(graph, { functions: takes }), modelError("unsupported-op", /graph/));
});

test("functions in the engine's own domains are refused", () => {
  for (const domain of ["", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"]) {
    const functions = [ownFunction("EPContext", [], { domain })];
    const node = NodeProto.create({ ...makeNode("EPContext", ["x"], ["y"]), domain });
    assert.throws(() => parse(withNodes(node), { functions }), modelError("unsupported-op", /domain of the engine/));
  }
});

test("bytes with a second reading as the engine's own format are refused", () => {
  const marked = onnxModel(sumGraph(), { producerName: "ORTM" });
  assert.equal(Buffer.from(marked).toString("latin1", 4, 8), "ORTM");
  assert.throws(() => parseOnnxSignatures(marked), modelError("bad-onnx", /ORT format/));
});

test("bodies nested too deeply are refused", () => {
  let graph = sumGraph();
  for (let depth = 0; depth < 17; depth++) {
    graph = withNodes(branch(graph));
  }
  assert.throws(() => parse(graph), modelError("too-large", /deep/));
  for (let depth = 0; depth < 40; depth++) {
    graph = withNodes(branch(graph));
  }
  assert.throws(() => parse(graph), modelError("bad-onnx"));
});
