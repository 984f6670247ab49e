import assert from "node:assert/strict";
import { after, test } from "node:test";

import { type AttrValue, dataTypeNumber, type NodeDef, type Tensor } from "@sealserve/protocol";

import { constantNode, node, shapeAttr, typeAttr } from "../src/examples/graph-def.ts";
import { servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { callNode, type FixtureModel, functionDef, type Port, savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, floats, int32s, int64s } from "./fixtures/tensors.ts";

after(closeModels);

const floatType = typeAttr("float32");
const inputs = { x: ["x:0", "float32"], at: ["at:0", "int32"], choice: ["choice:0", "bool"] } as const;
const placeholders = Object.entries(inputs).map(([name, [, dtype]]) =>
  node(name, "Placeholder", [], { dtype: typeAttr(dtype) }),
);
const array = (name: string, attributes: Readonly<Record<string, AttrValue>> = {}): NodeDef =>
  node(name, "TensorArrayV3", ["size"], { dtype: floatType, ...attributes });
const size = (value: number): NodeDef => constantNode("size", int32s([], [value]));
const read = (name: string, flow: string): NodeDef =>
  node(name, "TensorArrayReadV3", ["array", "at", flow], { dtype: floatType });
const write = (name: string, value: string, flow: string): NodeDef =>
  node(name, "TensorArrayWriteV3", ["array", "at", value, flow], { T: floatType });

function modelOf(nodes: readonly NodeDef[], outputs: Readonly<Record<string, Port>>): FixtureModel {
  return { nodes: [...placeholders, ...nodes], signatures: { s: { inputs, outputs } } };
}

async function run(model: FixtureModel, at: Tensor, choice = 0): Promise<ReadonlyMap<string, Tensor>> {
  const given = new Map([
    ["x", floats([2, 1], [1, 3])],
    ["at", at],
    ["choice", booleans([], [choice])],
  ]);
  return await (await load(savedModelFiles(model))).run("s", given, []);
}

test("what is written in an array is read behind the writing, and only there", async () => {
  const model = modelOf(
    [
      size(3),
      array("array", { element_shape: shapeAttr([2, 1]) }),
      write("written", "x", "array:1"),
      read("y", "written"),
      read("before", "array:1"),
      node("size2", "TensorArraySizeV3", ["array", "written"]),
    ],
    { y: ["y:0", "float32"], before: ["before:0", "float32"], size: ["size2:0", "int32"] },
  );
  const outputs = await run(model, int32s([], [2]));
  assert.deepEqual(outputs.get("y"), floats([2, 1], [1, 3]));
  assert.deepEqual(outputs.get("before"), floats([2, 1], [0, 0]));
  assert.deepEqual(outputs.get("size"), int32s([], [3]));
  await assert.rejects(run(model, int32s([], [3])), servingError("INVALID_ARGUMENT", /element 3 in a list with 3/));
});

test("an array grows only if its node says so", async () => {
  const grown = (dynamic: boolean): FixtureModel =>
    modelOf(
      [
        size(0),
        array("array", { dynamic_size: { b: dynamic } }),
        write("written", "x", "array:1"),
        node("y", "TensorArraySizeV3", ["array", "written"]),
      ],
      { y: ["y:0", "int32"] },
    );
  assert.deepEqual((await run(grown(true), int32s([], [4]))).get("y"), int32s([], [5]));
  await assert.rejects(run(grown(false), int32s([], [4])), servingError("INVALID_ARGUMENT", /element 4/));
  await assert.rejects(run(grown(true), int32s([], [2 ** 30])), servingError("RESOURCE_EXHAUSTED", /too long/));
});

test("entries are scattered into an array and gathered from it", async () => {
  const model = (dynamic: boolean): FixtureModel =>
    modelOf(
      [
        size(4),
        array("array", { dynamic_size: { b: dynamic } }),
        node("scattered", "TensorArrayScatterV3", ["array", "at", "x", "array:1"], { T: floatType }),
        node("y", "TensorArrayGatherV3", ["array", "order", "scattered"], {
          dtype: floatType,
          element_shape: shapeAttr([1]),
        }),
        constantNode("order", int32s([4], [3, 2, 1, 0])),
        node("closed", "TensorArrayCloseV3", ["array", "^y"]),
        node("z", "Identity", ["y", "^closed"]),
      ],
      { y: ["z:0", "float32"] },
    );
  assert.deepEqual((await run(model(false), int32s([2], [3, 0]))).get("y"), floats([4, 1], [1, 0, 0, 3]));
  await assert.rejects(run(model(false), int32s([2], [3, 4])), servingError("INVALID_ARGUMENT", /Max scatter index/));
  assert.deepEqual((await run(model(true), int32s([2], [3, 4]))).get("y"), floats([4, 1], [1, 0, 0, 0]));
});

test("a tensor is split into an array, and an array is joined", async () => {
  const concat = { dtype: floatType, element_shape_except0: shapeAttr([1]) };
  const model = modelOf(
    [
      size(2),
      array("array"),
      constantNode("lengths", int64s([2], [2, 0])),
      node("split", "TensorArraySplitV3", ["array", "x", "lengths", "array:1"], { T: floatType }),
      read("y", "split"),
      node("joined", "TensorArrayConcatV3", ["array", "split"], concat),
    ],
    { y: ["y:0", "float32"], z: ["joined:0", "float32"], lengths: ["joined:1", "int64"] },
  );
  const outputs = await run(model, int32s([], [1]));
  assert.deepEqual(outputs.get("y"), floats([0, 1], []));
  assert.deepEqual(outputs.get("z"), floats([2, 1], [1, 3]));
  assert.deepEqual(outputs.get("lengths"), int64s([2], [2, 0]));
});

test("an array goes through choices and functions", async () => {
  const nodes = [
    size(1),
    array("array"),
    write("first", "x", "array:1"),
    node("handle", "Switch", ["array", "choice"]),
    node("flow", "Switch", ["first", "choice"]),
    node("index", "Switch", ["at", "choice"]),
    node("double", "AddV2", ["value", "value"]),
    node("value", "TensorArrayReadV3", ["handle:1", "index:1", "flow:1"], { dtype: floatType }),
    node("changed", "TensorArrayWriteV3", ["handle:1", "index:1", "double", "flow:1"], { T: floatType }),
    node("either", "Merge", ["flow", "changed"]),
    callNode("y", "reading", ["array", "at", "either"]),
  ];
  const reading = functionDef("reading", ["array", "at", "flow"], { y: "value:value:0" }, [
    node("value", "TensorArrayReadV3", ["array", "at", "flow"], { dtype: { type: dataTypeNumber("float32") } }),
  ]);
  const model = { ...modelOf(nodes, { y: ["y:0", "float32"] }), functions: [reading] };
  assert.deepEqual((await run(model, int32s([], [0]), 0)).get("y"), floats([2, 1], [1, 3]));
  assert.deepEqual((await run(model, int32s([], [0]), 1)).get("y"), floats([2, 1], [2, 6]));
});
