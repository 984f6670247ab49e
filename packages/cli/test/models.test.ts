import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import type { ModelReport, StepOutline } from "@sealserve/models";
import {
  dataTypeNumber,
  ServingError,
  SignatureDef,
  type Tensor,
  type TensorInfo,
  TensorShapeProto,
} from "@sealserve/protocol";
import { parseExpected, runCase } from "../src/models/expected-outputs.ts";
import { drawPlan } from "../src/models/plan-picture.ts";
import { describeReport } from "../src/models/report-text.ts";

const info = (dtype: "float32" | "string"): TensorInfo => ({
  name: "x:0",
  dtype: dataTypeNumber(dtype),
  tensorShape: TensorShapeProto.create({ dim: [{ size: -1n, name: "" }] }),
});
const signatures = new Map([
  [
    "serving_default",
    SignatureDef.create({
      inputs: new Map([["x", info("float32")]]),
      outputs: new Map([
        ["y", info("float32")],
        ["word", info("string")],
      ]),
    }),
  ],
]);
const floats = (values: readonly number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});
const words = (values: readonly string[]): Tensor => ({
  dtype: "string",
  shape: [values.length],
  data: values.map(encodeUtf8),
});
const document = (outputs: unknown) => JSON.stringify({ cases: [{ request: { inputs: { x: [1, 2] } }, outputs }] });

async function outcome(expected: unknown, given: ReadonlyMap<string, Tensor> | ServingError, tolerance = 1e-5) {
  const [one] = parseExpected(document(expected), signatures);
  assert.ok(one);
  const run = () => (given instanceof ServingError ? Promise.reject(given) : Promise.resolve(new Map(given)));
  return (await runCase({ run }, one, tolerance)).failure;
}

test("expected outputs are read by the model's signature", () => {
  const [one] = parseExpected(document({ y: [3, 4.5], word: ["a", { b64: "/w==" }] }), signatures);
  assert.equal(one?.signature, "serving_default");
  assert.deepEqual(one.inputs.get("x"), floats([1, 2]));
  assert.deepEqual(one.outputs.get("y"), floats([3, 4.5]));
  assert.deepEqual(one.outputs.get("word")?.data[1], Uint8Array.of(0xff));
});

test("outputs are compared by type, shape, strings, and numbers within the tolerance", async () => {
  const right = new Map([
    ["y", floats([3, 1000])],
    ["word", words(["a"])],
  ]);
  assert.equal(await outcome({ y: [3, 1000], word: ["a"] }, right), undefined);
  assert.equal(await outcome({ y: [3, 1000.005] }, right), undefined);
  assert.equal(await outcome({ y: [3, 1000.1] }, right), 'element 1 of output "y" is 1000, not 1000.0999755859375');
  assert.equal(await outcome({ y: [3, 1000.1] }, right, 1e-3), undefined);
  assert.equal(await outcome({ word: ["b"] }, right), 'element 0 of output "word" is "a", not "b"');
  assert.equal(await outcome({ y: [3] }, right), 'output "y" is float32 [2], not float32 [1]');
  assert.equal(await outcome({ y: [[3, 1000]] }, right), 'output "y" is float32 [2], not float32 [1, 2]');
  assert.equal(await outcome({ y: [1] }, new ServingError("INVALID_ARGUMENT", "no")), "the call failed: no");
});

test("a file of another form is refused", () => {
  for (const text of [
    "",
    "[]",
    "{}",
    '{"cases": []}',
    '{"cases": [{}]}',
    document({}),
    document([1]),
    '{"cases": [{"request": {}, "outputs": 1}]}',
  ]) {
    assert.throws(() => parseExpected(text, signatures), { code: "usage" }, text);
  }
  assert.throws(() => parseExpected(document({ z: [1] }), signatures), { code: "usage", message: /no output "z"/ });
  assert.throws(() => parseExpected(document({ y: ["text"] }), signatures), ServingError);
});

const step = (kind: StepOutline["kind"], inputs: readonly string[], outputs: readonly string[]): StepOutline => ({
  kind,
  operations: { "<Op>": 3 },
  inputs,
  outputs,
  bodies: kind === "loop" ? [[], []] : [],
});
const report: ModelReport = {
  platform: "tensorflow",
  signatures: {
    'a"<&>\u0000': {
      method: "tensorflow/serving/predict",
      inputs: { x: { dtype: "float32", shape: [-1, 2] } },
      outputs: { y: { dtype: "float32", shape: undefined } },
      refusal: undefined,
      operations: [
        { op: "Relu", nodes: 2, runBy: "engine" },
        { op: "Odd", nodes: 1, runBy: "nothing" },
      ],
      steps: [step("island", ["in"], ["a"]), step("kernel", ["in"], ["b"]), step("loop", ["a", "b"], ["c"])],
    },
    refused: {
      method: "",
      inputs: {},
      outputs: {},
      refusal: "operation Odd is not supported",
      operations: [],
      steps: [],
    },
  },
};

test("a picture has a box for each step, in rows, and escapes what the model says", () => {
  const picture = drawPlan(report);
  assert.doesNotMatch(picture, /<Op>|<&/);
  assert.ok(!picture.includes("\u0000"));
  assert.match(picture, /signature &quot;a\\&quot;&lt;&amp;&gt;\\u0000&quot;/);
  assert.equal(picture.match(/<rect /g)?.length, 6);
  const rows = [...picture.matchAll(/<rect x="(\d+)" y="(\d+)"/g)].map(([, x, y]) => [Number(x), Number(y)] as const);
  const [input, island, kernel, loop] = rows;
  assert.ok(input && island && kernel && loop);
  assert.equal(island[1], kernel[1]);
  assert.ok(input[1] < island[1] && island[1] < loop[1] && island[0] < kernel[0]);
  assert.equal(picture.match(/<path /g)?.length, 2);
});

test("a text names signatures, tensors, what runs each operation, and the plan", () => {
  const text = describeReport(report).join("\n");
  assert.match(text, /input "x": float32 \[\?, 2\]\n {2}output "y": float32 of any rank/);
  assert.match(text, /3 nodes of 2 types, 1 types supported\n {4}engine: Relu 2\n {4}not supported: Odd 1/);
  assert.match(text, /3\. loop \(<Op> 3\): 2 in, 1 out\n {7}condition:\n {7}body:/);
  assert.match(text, /signature "refused" \(no method\)\n {2}runs: no: operation Odd/);
});
