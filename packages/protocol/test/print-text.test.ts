import assert from "node:assert/strict";
import { it } from "node:test";
import { Example, type Feature } from "../src/messages/tensorflow/example.ts";
import { SignatureDef, TensorInfo } from "../src/messages/tensorflow/signature-def.ts";
import { TensorShapeProto } from "../src/messages/tensorflow/tensor-shape.ts";
import { encodeTensor } from "../src/tensor/encode.ts";
import { printTextFormat } from "../src/text-format/print.ts";
import { bytesOf, makeTensor } from "./fixtures.ts";

it("prints a signature in the order of field numbers, maps by key, without defaults", () => {
  const tensorShape = TensorShapeProto.create({ dim: [{ size: -1n, name: "" }] });
  const info = TensorInfo.create({ name: "x:0", dtype: 1, tensorShape });
  const signature = SignatureDef.create({
    methodName: "m",
    inputs: new Map([
      ["b", TensorInfo.create({ dtype: 999 })],
      ["a", info],
    ]),
    defaults: new Map([["a", encodeTensor(makeTensor("float32", [], [0.1]))]]),
  });
  const expected = `
inputs {
  key: "a"
  value {
    name: "x:0"
    dtype: DT_FLOAT
    tensor_shape {
      dim {
        size: -1
      }
    }
  }
}
inputs {
  key: "b"
  value {
    dtype: 999
  }
}
method_name: "m"
defaults {
  key: "a"
  value {
    dtype: DT_FLOAT
    tensor_shape {
    }
    float_val: 0.1
  }
}
`;
  assert.equal(`\n${printTextFormat(SignatureDef, signature)}`, expected);
});

it("escapes what is not printable ASCII, and writes infinities and NaN in words", () => {
  const feature = new Map<string, Feature>([
    ['"\u00e9\n', { bytesList: { value: [bytesOf("\0a'\\")] } }],
    ["f", { floatList: { value: Float32Array.of(Number.NEGATIVE_INFINITY, Number.NaN, 1) } }],
  ]);
  const lines = printTextFormat(Example, { features: { feature } })
    .split("\n")
    .map((line) => line.trim());
  for (const line of ['key: "\\"\\303\\251\\n"', 'value: "\\000a\\\'\\\\"', "value: -inf", "value: nan", "value: 1"]) {
    assert.ok(lines.includes(line), line);
  }
});
