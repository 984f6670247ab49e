import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { NodeDef, Tensor } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { servingError } from "./fixtures/errors.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { booleans, int32s } from "./fixtures/tensors.ts";

after(closeModels);

/** No text: bytes that are not UTF-8, two of which differ only in such a byte. */
const [a, b, c] = [Uint8Array.of(0xff), Uint8Array.of(0xfe), Uint8Array.of()];
const strings = (shape: readonly number[], data: readonly Uint8Array[]): Tensor => ({ dtype: "string", shape, data });

/** Runs a model with inputs `x` and `y` of strings and `n` of int32. */
async function runModel(
  nodes: readonly NodeDef[],
  output: string,
  dtype: "string" | "bool",
  inputs: readonly Tensor[],
) {
  const [x, y, n] = inputs;
  const ports = { x: ["x:0", "string"], y: ["y:0", "string"], n: ["n:0", "int32"] } as const;
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("string") }),
        node("y", "Placeholder", [], { dtype: typeAttr("string") }),
        node("n", "Placeholder", [], { dtype: typeAttr("int32") }),
        constantNode("zero", int32s([], [0])),
        ...nodes,
      ],
      signatures: { s: { inputs: ports, outputs: { out: [output, dtype] } } },
    }),
  );
  const fed = Object.entries({ x, y, n }).map(([name, tensor]): [string, Tensor] => [name, tensor ?? int32s([], [0])]);
  return (await model.run("s", new Map(fed), [])).get("out");
}

const inputs = [strings([2], [a, b]), strings([2], [c, b]), int32s([2], [1, 0])];

test("strings of any bytes are gathered, concatenated and chosen", async () => {
  const gathered = [node("out", "GatherV2", ["x", "n", "zero"])];
  assert.deepEqual(await runModel(gathered, "out:0", "string", inputs), strings([2], [b, a]));
  const joined = [node("out", "ConcatV2", ["x", "y", "x", "zero"])];
  assert.deepEqual(await runModel(joined, "out:0", "string", inputs), strings([6], [a, b, c, b, a, b]));
  const chosen = [node("same", "Equal", ["x", "y"]), node("out", "SelectV2", ["same", "x", "y"])];
  assert.deepEqual(await runModel(chosen, "out:0", "string", inputs), strings([2], [c, b]));
});

test("each output of an operation with several is made of strings", async () => {
  const unpacked = [node("out", "Unpack", ["x"], { num: { i: 2n } })];
  assert.deepEqual(await runModel(unpacked, "out:1", "string", inputs), strings([], [b]));
});

test("strings are equal when all their bytes are", async () => {
  const equal = [node("out", "Equal", ["x", "y"])];
  assert.deepEqual(await runModel(equal, "out:0", "bool", inputs), booleans([2], [0, 1]));
  const different = [node("out", "NotEqual", ["x", "y"])];
  assert.deepEqual(await runModel(different, "out:0", "bool", inputs), booleans([2], [1, 0]));
});

test("an index beyond the strings, and more strings than there may be, end the run", async () => {
  const gathered = [node("out", "GatherV2", ["x", "n", "zero"])];
  const beyond = [inputs[0] as Tensor, inputs[1] as Tensor, int32s([1], [2])];
  await assert.rejects(runModel(gathered, "out:0", "string", beyond), servingError("INVALID_ARGUMENT", /do not fit/));
  const repeated = [node("out", "Tile", ["x", "n"])];
  const many = [inputs[0] as Tensor, inputs[1] as Tensor, int32s([1], [2 ** 30])];
  await assert.rejects(runModel(repeated, "out:0", "string", many), servingError("INVALID_ARGUMENT", /do not fit/));
});

test("Add joins strings, and still adds numbers, also such that the model holds", async () => {
  const joined = [node("out", "Add", ["x", "y"])];
  assert.deepEqual(await runModel(joined, "out:0", "string", inputs), strings([2], [a, Uint8Array.of(0xfe, 0xfe)]));
  const counted = [
    constantNode("one", int32s([], [1])),
    node("sum", "Add", ["one", "one"]),
    node("two", "Add", ["n", "sum"]),
    node("out", "Equal", ["two", "two"]),
  ];
  const given = [strings([1], [c]), strings([1], [c]), int32s([2], [1, 0])];
  assert.deepEqual(await runModel(counted, "out:0", "bool", given), booleans([2], [1, 1]));
});
