import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import { dataTypeNumber, SignatureDef, type TensorInfo, TensorShapeProto } from "@sealserve/protocol";
import { inputsFromBody, sampleInputs } from "../src/prediction/inputs.ts";
import { plainValue, plainValues } from "../src/prediction/plain-value.ts";

function info(dtype: Parameters<typeof dataTypeNumber>[0], shape: readonly number[]): TensorInfo {
  const dim = shape.map((size) => ({ size: BigInt(size), name: "" }));
  return { name: "x:0", dtype: dataTypeNumber(dtype), tensorShape: TensorShapeProto.create({ dim }) };
}

function signature(inputs: Readonly<Record<string, TensorInfo>>): SignatureDef {
  const outputs = new Map([["y", info("float32", [-1])]]);
  return SignatureDef.create({ inputs: new Map(Object.entries(inputs)), outputs });
}

test("a body is read by the model's signature", () => {
  const signatures = new Map([["serving_default", signature({ x: info("float32", [-1]) })]]);
  const { signatureName, inputs } = inputsFromBody('{"instances": [1, 2.5]}', signatures, undefined);
  assert.equal(signatureName, "serving_default");
  assert.deepEqual(inputs.get("x"), { dtype: "float32", shape: [2], data: new Float32Array([1, 2.5]) });
});

test("a signature that the model lacks is refused with the ones it has", () => {
  const signatures = new Map([["other", signature({ x: info("float32", [-1]) })]]);
  assert.throws(() => inputsFromBody('{"instances": [1]}', signatures, undefined), {
    code: "usage",
    expected: "other",
  });
});

test("a sample has the declared types, with 1 for open dimensions", () => {
  const inputs = { a: info("int64", [-1, 2]), b: info("string", [2]), c: info("bool", []), d: info("float16", [1]) };
  const sample = sampleInputs(new Map([["serving_default", signature(inputs)]]), undefined);
  assert.deepEqual(plainValues(sample.inputs), { a: [[1, 2]], b: ["1", "2"], c: true, d: [0] });
});

test("without a default signature a sample is for the first usable one", () => {
  const usable = signature({ x: info("float32", [1]) });
  const signatures = new Map([
    ["__saved_model_init_op", usable],
    ["b", usable],
    ["a", usable],
  ]);
  assert.equal(sampleInputs(signatures, undefined).signatureName, "a");
});

test("tensors become nested lists in the order of their names", () => {
  const matrix = { dtype: "float32", shape: [2, 2], data: new Float32Array([0.1, 2, 3, 4]) } as const;
  assert.deepEqual(plainValue(matrix), [
    [0.1, 2],
    [3, 4],
  ]);
  const scalar = { dtype: "string", shape: [], data: [encodeUtf8("ä")] } as const;
  assert.equal(plainValue(scalar), "ä");
  const big = { dtype: "int64", shape: [2], data: new BigInt64Array([1n, 2n ** 60n]) } as const;
  assert.deepEqual(plainValue(big), [1, "1152921504606846976"]);
  const empty = { dtype: "float32", shape: [0, 2], data: new Float32Array() } as const;
  assert.deepEqual(plainValue(empty), []);
  assert.deepEqual(
    Object.keys(
      plainValues(
        new Map([
          ["z", scalar],
          ["a", scalar],
        ]),
      ),
    ),
    ["a", "z"],
  );
});
