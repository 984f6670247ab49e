import assert from "node:assert/strict";
import { test } from "node:test";

import { type AttrValue, type NodeDef, TensorProto, TensorShapeProto } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError } from "./fixtures/errors.ts";
import { integersAttr, textAttr } from "./fixtures/operation-case.ts";
import {
  callNode,
  type FixtureModel,
  floatVariable,
  functionDef,
  halfPlusTwoWithFunctions,
  savedModelFiles,
  splatTensor,
} from "./fixtures/saved-model.ts";
import { floats, int32s } from "./fixtures/tensors.ts";

const x = node("x", "Placeholder", [], { dtype: typeAttr("float32") });
const text = node("text", "Placeholder", [], { dtype: typeAttr("string") });
const numbers = constantNode("numbers", int32s([1], [0]));
const filter = constantNode("filter", floats([2, 2, 3, 4]));
const lessThanNothing = constantNode("lessThanNothing", int32s([1, 2], [-1, 1]));
const manyRows = constantNode("manyRows", int32s([2, 2], [5000, 0, 0, 5000]));

/** A model whose one signature feeds `x` and `text` and fetches `y`. */
function modelOf(nodes: readonly NodeDef[], more: Partial<FixtureModel> = {}): FixtureModel {
  return {
    nodes: [x, text, numbers, filter, lessThanNothing, manyRows, ...nodes],
    signatures: {
      serving_default: {
        inputs: { x: ["x:0", "float32"], text: ["text:0", "string"] },
        outputs: { y: ["y:0", "float32"] },
      },
    },
    ...more,
  };
}

const prepare = (model: FixtureModel) => prepareSavedModel(savedModelFiles(model));

function refused(
  op: string,
  inputs: readonly string[],
  attributes: Readonly<Record<string, AttrValue>>,
  reason: RegExp,
) {
  const source = reason.source;
  assert.throws(
    () => prepare(modelOf([node("y", op, inputs, attributes)])),
    modelError(
      "unsupported-op",
      new RegExp(`${op} \\(node "y", signature "serving_default"\\) is not supported.*${source}`),
    ),
    `${op}: ${source}`,
  );
}

test("an unknown operation is refused with its name, node and signature", () => {
  refused("PyFunc", ["x"], {}, /$/);
});

test("what an operation supports is told apart from what it does not", () => {
  refused("AddV2", ["text", "text"], {}, /strings/);
  refused("RealDiv", ["numbers", "numbers"], {}, /int32/);
  refused("Cast", ["text"], { DstT: typeAttr("float32") }, /string to float32/);
  refused("Cast", ["x"], { DstT: typeAttr("qint8") }, /float32 to qint8/);
  refused("ArgMax", ["x", "x"], {}, /input 1 is not a constant/);
  refused("Any", ["x", "x"], {}, /axes are not constant/);
  refused("ExpandDims", ["x", "lessThanNothing"], {}, /not one number/);
  refused("BatchMatMulV2", ["numbers", "numbers"], { adj_y: { b: true } }, /transposed input of int32/);
  refused("Einsum", ["x"], { equation: textAttr("ii->i") }, /equation/);
  refused("Einsum", ["x"], { equation: textAttr("ij") }, /equation/);
  refused("Einsum", ["numbers"], { equation: textAttr("i->i") }, /on int32/);
  refused("VarIsInitializedOp", ["x"], {}, /$/);
  refused("ReadVariableOp", ["x"], {}, /not a variable/);
});

test("parts and padding that ONNX has no form for are refused", () => {
  refused("SplitV", ["x", "x", "numbers"], {}, /0 outputs/);
  for (const count of [-1n, 0n, 4097n]) {
    refused("Split", ["numbers", "x"], { num_split: { i: count } }, new RegExp(`has ${count} outputs`));
    refused("Unpack", ["x"], { num: { i: count } }, new RegExp(`has ${count} outputs`));
  }
  refused("OneHot", ["x", "x", "x", "x"], { axis: { i: 0n } }, /not the last one/);
  refused("Pad", ["x", "lessThanNothing"], {}, /less than nothing/);
  refused("Pad", ["x", "manyRows"], {}, /far more/);
  refused("MirrorPad", ["x", "numbers"], { mode: textAttr("EDGE") }, /mode is EDGE/);
  refused("MatMul", ["x", "filter"], {}, /input 1 .* is not a matrix/);
});

test("images that ONNX would make otherwise are refused", () => {
  const strides = integersAttr([1, 2, 2, 1]);
  refused(
    "Conv2DBackpropInput",
    ["numbers", "x", "x"],
    { padding: textAttr("SAME"), strides },
    /filter is not a constant/,
  );
  refused("Conv2DBackpropInput", ["numbers", "numbers", "x"], { padding: textAttr("SAME"), strides }, /four axes/);
  refused(
    "Conv2DBackpropInput",
    ["numbers", "filter", "x"],
    { padding: textAttr("EXPLICIT"), strides },
    /padding is "EXPLICIT"/,
  );
  refused("DepthToSpace", ["x"], { block_size: { i: 1n } }, /blocks of 1/);
  refused("ReverseSequence", ["x", "numbers"], { seq_dim: { i: 2n } }, /steps are along axis 2/);
  refused("NonMaxSuppressionV3", ["numbers", "x", "numbers", "x", "x"], {}, /boxes are int32/);
  refused("SpaceToBatchND", ["x", "numbers", "numbers"], {}, /blocks are \[0\]/);
  refused("BatchToSpaceND", ["x", "x", "numbers"], {}, /input 1 is not a constant/);
  refused("SpaceToDepth", ["numbers"], { block_size: { i: 2n } }, /on int32/);
  refused("IsInf", ["numbers"], {}, /int32/);
  refused("IsFinite", ["numbers"], {}, /int32/);
});

test("windows that ONNX has no form for are refused", () => {
  const ones = integersAttr([1, 1, 1, 1]);
  const same = { padding: textAttr("SAME"), strides: ones };
  refused("Conv2D", ["x", "filter"], { strides: ones }, /padding is ""/);
  refused("Conv2D", ["x", "filter"], { ...same, data_format: textAttr("NHCW") }, /format is NHCW/);
  refused("Conv2D", ["x", "filter"], { ...same, strides: integersAttr([2, 1, 1, 1]) }, /strides/);
  refused("Conv2D", ["x", "filter"], { ...same, strides: integersAttr([1, 2, 2]) }, /strides/);
  const dilated = { ...same, strides: integersAttr([1, 2, 2, 1]), dilations: integersAttr([1, 2, 2, 1]) };
  refused("Conv2D", ["x", "filter"], dilated, /dilated/);
  refused("Conv2D", ["x", "x"], { ...same, dilations: integersAttr([1, 2, 2, 1]) }, /dilated/);
  refused("DepthwiseConv2dNative", ["x", "x"], same, /filter is not a constant/);
  refused("DepthwiseConv2dNative", ["x", "numbers"], same, /four axes/);
  refused("MaxPool", ["x"], { ...same, ksize: integersAttr([1, 2, 2, 3]) }, /ksize/);
  const gaps = { ...same, ksize: integersAttr([1, 2, 2, 1]), strides: integersAttr([1, 3, 3, 1]) };
  refused("AvgPool", ["x"], gaps, /smaller than its stride/);
  refused("FusedBatchNormV3", ["x", "x", "x", "x", "x"], { exponential_avg_factor: { f: 0.5 } }, /running average/);
});

test("inputs that the signature does not feed are refused", () => {
  const other = node("other", "Placeholder", [], { dtype: typeAttr("float32") });
  assert.throws(
    () => prepare(modelOf([other, node("y", "Add", ["x", "other"])])),
    modelError("unsupported-op", /Placeholder \(node "other".*does not feed/),
  );
});

const counter = [
  node("v", "VarHandleOp"),
  constantNode("one", floats([])),
  node("count", "AssignAddVariableOp", ["v", "one"]),
];

test("operations with effects are refused even where only control edges lead to them", () => {
  const written = node("written", "WriteFile", ["text", "text"]);
  assert.throws(
    () => prepare(modelOf([written, node("y", "Relu", ["x", "^written"])])),
    modelError("unsupported-op", /WriteFile/),
  );
});

test("an assignment to a variable that an answer depends on is refused, in functions and through other signatures too", () => {
  const read = node("read", "ReadVariableOp", ["v"], { dtype: typeAttr("float32") });
  const refusal = modelError("unsupported-op", /AssignAddVariableOp/);
  const ownAnswer = [...counter, read, node("sum", "Add", ["x", "read"]), node("y", "Relu", ["sum", "^count"])];
  assert.throws(() => prepare(modelOf(ownAnswer)), refusal);
  const body = [node("count", "AssignAddVariableOp", ["v", "one"]), node("r", "Relu", ["a"])];
  const functions = [functionDef("f", ["a", "v", "one"], { out: "r:activations:0" }, body, ["count"])];
  const call = [...counter.slice(0, 2), callNode("call", "f", ["x", "v", "one"]), read];
  assert.throws(
    () => prepare(modelOf([...call, node("y", "Add", ["call", "read"])], { functions })),
    modelError("unsupported-op", /AssignAddVariableOp \(node "call\/count"/),
  );
  const two = modelOf([...counter, read, node("y", "Relu", ["x", "^count"])]);
  const port = { inputs: { x: ["x:0", "float32"] } } as const;
  const signatures = {
    counts: { ...port, outputs: { y: ["y:0", "float32"] } },
    tells: { ...port, outputs: { count: ["read:0", "float32"] } },
  } as const;
  assert.throws(() => prepare({ ...two, signatures }), refusal);
  const checked = [node("fails", "Assert", ["read", "read"]), node("y", "Relu", ["x", "^count", "^fails"])];
  assert.throws(() => prepare(modelOf([...counter, read, ...checked])), refusal);
});

test("an assignment to a variable that no answer depends on is left out, with what works out its value", () => {
  const next = [
    node("v", "VarHandleOp"),
    node("read", "ReadVariableOp", ["v"], { dtype: typeAttr("float32") }),
    constantNode("one", floats([])),
    node("sum", "Add", ["read", "one"]),
    node("set", "AssignVariableOp", ["v", "sum", "^read"]),
  ];
  for (const nodes of [counter, next]) {
    const { graphs } = prepare(modelOf([...nodes, node("y", "Relu", ["x", `^${nodes.at(-1)?.name}`, "^v"])]));
    assert.deepEqual([...graphs.keys()], ["serving_default"]);
  }
});

test("what an attribute says beyond what TensorFlow allows is refused", () => {
  const oneHot = [
    constantNode("places", int32s([2], [2, 0])),
    constantNode("depth", int32s([], [3])),
    constantNode("off", floats([])),
    node("hot", "OneHot", ["places", "depth", "off", "off"], { axis: { i: -2n } }),
    node("y", "Add", ["x", "hot"]),
  ];
  assert.throws(() => prepare(modelOf(oneHot)), modelError("unsupported-op", /OneHot.*axis/));
  for (const bits of [0n, 1n, 17n]) {
    const quantised = node("y", "FakeQuantWithMinMaxArgs", ["x"], { num_bits: { i: bits } });
    assert.throws(() => prepare(modelOf([quantised])), modelError("unsupported-op", /bits/));
  }
});

test("variables that answers depend on are looked for once, however many signatures assign", () => {
  const controls = Array(20_000).fill("^count");
  const model = modelOf([...counter, node("y", "Relu", ["x", ...controls])]);
  const [signature] = Object.values(model.signatures);
  const signatures = Object.fromEntries(Array.from({ length: 40 }, (_, place) => [`s${place}`, signature]));
  assert.equal(prepare({ ...model, signatures } as typeof model).graphs.size, 40);
});

test("a second output of an operation that is known by its first only is refused", () => {
  const normalised = node("n", "FusedBatchNormV3", ["x", "x", "x", "x", "x"], { is_training: { b: false } });
  assert.throws(
    () => prepare(modelOf([normalised, node("y", "Relu", ["n:1"])])),
    modelError("unsupported-op", /output 1 of operation FusedBatchNormV3/),
  );
});

test("a handle of a variable is no value", () => {
  const model = modelOf([node("v", "VarHandleOp"), node("y", "Relu", ["v"])]);
  assert.throws(() => prepare(model), modelError("unsupported-op", /handle/));
  assert.throws(() => prepare(modelOf([node("y", "VarHandleOp")])), modelError("unsupported-op", /handle/));
});

test("an operation with too few inputs, or without its tensor, is a broken graph", () => {
  assert.throws(() => prepare(modelOf([node("y", "Add", ["x"])])), modelError("bad-graph", /lacks input 1/));
  assert.throws(() => prepare(modelOf([node("y", "Const")])), modelError("bad-graph", /lacks its tensor/));
  const broken = node("y", "Const", [], { value: { tensor: Uint8Array.of(0xff) } });
  assert.throws(() => prepare(modelOf([broken])), modelError("bad-graph", /malformed/));
});

test("a constant whose shape is huge is refused before it is filled", () => {
  const tensorShape = TensorShapeProto.create({ dim: [{ size: 2n ** 40n, name: "" }] });
  const tensor = TensorProto.encode({ dtype: 1, tensorShape, floatVal: Float32Array.of(1) });
  const huge = node("y", "Const", [], { value: { tensor } });
  assert.throws(() => prepare(modelOf([huge])), modelError("bad-graph", /shape/));
});

test("a variable that nothing restores, or that the checkpoint lacks, is refused", () => {
  const model = halfPlusTwoWithFunctions();
  const { "b/value": b, ...withoutB } = model.variables ?? {};
  assert.ok(b);
  assert.throws(() => prepare({ ...model, variables: withoutB }), modelError("missing-variable", /b\/value/));
  const { variables: _, ...withoutCheckpoint } = model;
  assert.throws(() => prepare(withoutCheckpoint), modelError("missing-variable", /no checkpoint/));
  assert.throws(
    () => prepare({ ...model, restoreOperation: "" }),
    modelError("unsupported-op", /not restored from the checkpoint/),
  );
});

test("a variable whose shape does not fit its bytes, or cannot be counted, is refused", () => {
  const model = halfPlusTwoWithFunctions();
  const withA = (shape: readonly number[]) =>
    prepare({ ...model, variables: { ...model.variables, "a/value": { ...floatVariable([], [1]), shape } } });
  assert.throws(() => withA([2]), modelError("bad-checkpoint", /do not fit/));
  assert.throws(() => withA([2 ** 40, 2 ** 40]), modelError("bad-checkpoint", /counted/));
  assert.throws(() => withA([-1]), modelError("bad-checkpoint"));
  const quantised = { ...floatVariable([], [1]), dtype: "qint32" as const };
  assert.throws(
    () => prepare({ ...model, variables: { ...model.variables, "a/value": quantised } }),
    modelError("unsupported-type", /qint32/),
  );
});

test("a graph in a circle is refused", () => {
  assert.throws(
    () => prepare(modelOf([node("a", "Relu", ["y"]), node("y", "Relu", ["a"])])),
    modelError("cyclic-graph"),
  );
});

test("a signature that cannot be imported does not take the others with it", () => {
  const prepared = prepare({
    nodes: [x, node("good", "Relu", ["x"]), node("bad", "PyFunc", ["x"])],
    signatures: {
      serving_default: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["bad:0", "float32"] } },
      relu: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["good:0", "float32"] } },
      nothing: { outputs: {} },
      sparse: { inputs: { x: ["", "float32"] }, outputs: { y: ["good:0", "float32"] } },
    },
  });
  assert.deepEqual([...prepared.graphs.keys()], ["relu"]);
  assert.deepEqual([...prepared.signatures.keys()], ["serving_default", "relu", "nothing", "sparse"]);
  assert.equal(prepared.refusals.get("serving_default")?.code, "unsupported-op");
  assert.equal(prepared.refusals.get("nothing")?.code, "unsupported-signature");
  assert.equal(prepared.refusals.get("sparse")?.code, "unsupported-signature");
});

test("a graph without signatures is refused", () => {
  assert.throws(() => prepare({ nodes: [x], signatures: {} }), modelError("bad-saved-model", /no signatures/));
});

test("all constants that repeat a value share one measure, over signatures and calls", () => {
  const splat = splatTensor(2 ** 20, { dtype: 1, floatVal: Float32Array.of(1) });
  const zeros = node("zeros", "Const", [], { dtype: typeAttr("float32"), value: { tensor: splat } });
  const functions = [functionDef("f", ["v"], { out: "r:z:0" }, [zeros, node("r", "Add", ["v", "zeros:output:0"])])];
  const calls = (count: number) =>
    Array.from({ length: count }, (_, index) => callNode(`y${index}`, "f", [index === 0 ? "x" : `y${index - 1}`]));
  const signature = (output: string) => ({
    inputs: { x: ["x:0", "float32"] as const },
    outputs: { y: [output, "float32"] as const },
  });
  const model = (nodes: readonly NodeDef[], outputs: readonly string[]) =>
    modelOf(nodes, { functions, signatures: Object.fromEntries(outputs.map((name) => [name, signature(name)])) });
  assert.doesNotThrow(() => prepare(model(calls(60), ["y59"])));
  assert.throws(() => prepare(model(calls(65), ["y64"])), modelError("bad-graph", /far larger than the values/));
  assert.throws(() => prepare(model(calls(33), ["y31", "y32"])), modelError("bad-graph", /far larger than the values/));
});

test("equal signatures share one encoded model, and too many signatures are refused", () => {
  const signature = { inputs: { x: ["x:0", "float32"] as const }, outputs: { y: ["y:0", "float32"] as const } };
  const nodes = [node("y", "Relu", ["x"])];
  const model = (count: number) =>
    modelOf(nodes, {
      signatures: Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, signature])),
    });
  const { graphs } = prepare(model(256));
  assert.equal(new Set([...graphs.values()].map((graph) => graph.model)).size, 1);
  assert.throws(() => prepare(model(257)), modelError("too-large", /too many signatures/));
});

test("constants that are no whole numbers, and too few of them, are refused", () => {
  const half = constantNode("half", floats([], [0.5]));
  assert.throws(
    () => prepare(modelOf([half, node("y", "Sum", ["x", "half"])])),
    modelError("unsupported-op", /Sum .* input 1 is not made of whole numbers/),
  );
  for (const [op, inputs] of [
    ["Reshape", ["numbers"]],
    ["TensorListSplit", ["numbers"]],
  ] as const) {
    const short = node("y", op, inputs, { element_dtype: typeAttr("int32") });
    assert.throws(() => prepare(modelOf([short])), modelError("bad-graph", /lacks inputs/), op);
  }
});
