import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeInferRequest, encodeInferResponse } from "../src/open-inference/grpc-infer.ts";
import { InferTensorContents, ModelInferRequest, ModelInferResponse } from "../src/open-inference/infer-messages.ts";
import { servingErrorOf } from "../src/status/serving-error.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { bytesOf, makeTensor, valuesOf } from "./fixtures.ts";

type Input = Partial<ModelInferRequest["inputs"][number]>;

function input(datatype: string, shape: readonly number[], contents?: Partial<InferTensorContents>, name = "x"): Input {
  return {
    name,
    datatype,
    shape: BigInt64Array.from(shape, BigInt),
    ...(contents === undefined ? {} : { contents: InferTensorContents.create(contents) }),
  };
}

function decode(inputs: readonly Input[], rest: Partial<ModelInferRequest> = {}) {
  return decodeInferRequest(ModelInferRequest.encode({ inputs: inputs as ModelInferRequest["inputs"], ...rest }));
}

function refuses(inputs: readonly Input[], message: RegExp, rest: Partial<ModelInferRequest> = {}): void {
  assert.throws(
    () => decode(inputs, rest),
    (error) => {
      const failure = servingErrorOf(error);
      assert.equal(failure.code, "INVALID_ARGUMENT", String(error));
      assert.match(failure.message, message);
      return true;
    },
  );
}

function encode(outputs: Record<string, Tensor>, isRaw: boolean): ModelInferResponse {
  const response = { modelName: "m", modelVersion: "1", id: "i", outputs: new Map(Object.entries(outputs)) };
  return ModelInferResponse.decode(encodeInferResponse(response, isRaw));
}

describe("an infer request over gRPC", () => {
  it("has each datatype in its own contents", () => {
    const cases: [string, Partial<InferTensorContents>, unknown[]][] = [
      ["BOOL", { boolContents: Uint8Array.of(1, 0) }, [1, 0]],
      ["INT8", { intContents: Int32Array.of(-128, 127) }, [-128, 127]],
      ["INT16", { intContents: Int32Array.of(-32768, 32767) }, [-32768, 32767]],
      ["INT32", { intContents: Int32Array.of(-1, 1) }, [-1, 1]],
      ["INT64", { int64Contents: BigInt64Array.of(-1n, 2n) }, [-1n, 2n]],
      ["UINT8", { uintContents: Uint32Array.of(0, 255) }, [0, 255]],
      ["UINT16", { uintContents: Uint32Array.of(0, 65535) }, [0, 65535]],
      ["UINT32", { uintContents: Uint32Array.of(0, 4294967295) }, [0, 4294967295]],
      ["UINT64", { uint64Contents: BigUint64Array.of(0n, 2n ** 64n - 1n) }, [0n, 2n ** 64n - 1n]],
      ["FP32", { fp32Contents: Float32Array.of(0.5, 2) }, [0.5, 2]],
      ["FP64", { fp64Contents: Float64Array.of(0.1, 2) }, [0.1, 2]],
      ["BYTES", { bytesContents: [bytesOf("a"), bytesOf("")] }, ["a", ""]],
    ];
    for (const [datatype, contents, values] of cases) {
      const request = decode([input(datatype, [2], contents)]);
      assert.equal(request.isRaw, false);
      const tensor = request.inputs.get("x");
      assert.deepEqual(tensor === undefined ? undefined : valuesOf(tensor), values, datatype);
      const response = encode({ y: tensor as Tensor }, false);
      assert.equal(response.outputs[0]?.datatype, datatype);
      assert.deepEqual(response.outputs[0]?.contents, InferTensorContents.create(contents), datatype);
    }
  });

  it("has raw contents for each input, and the answer has them too", () => {
    const half = makeTensor("float16", [1], [0x3c00]);
    const request = decode([input("FP16", [1]), input("BYTES", [1], undefined, "s")], {
      rawInputContents: [Uint8Array.of(0, 0x3c), Uint8Array.of(1, 0, 0, 0, 0xff)],
    });
    assert.equal(request.isRaw, true);
    assert.deepEqual(request.inputs.get("x"), half);
    const response = encode({ y: half, s: request.inputs.get("s") as Tensor }, true);
    assert.deepEqual(response.rawOutputContents, [Uint8Array.of(0, 0x3c), Uint8Array.of(1, 0, 0, 0, 0xff)]);
    assert.ok(response.outputs.every(({ contents }) => contents === undefined));
  });

  it("names model, version, id, signature and outputs", () => {
    const request = decode([], {
      modelName: "m",
      modelVersion: "canary",
      id: "7",
      parameters: new Map([["signature_name", { stringParam: "half" }]]),
      outputs: [{ name: "y", parameters: new Map() }],
    });
    assert.deepEqual(
      [request.modelName, request.modelVersion, request.id, request.signatureName, request.outputs],
      ["m", "canary", "7", "half", ["y"]],
    );
  });

  it("is refused when contents and shape do not fit, before anything of that size is made", () => {
    const one = { fp32Contents: Float32Array.of(1) };
    refuses([input("FP32", [2], one)], /1 elements .* asks for 2/);
    refuses([input("FP32", [1e12], one)], /asks for 1000000000000/);
    refuses([input("FP32", [4294967296, 4294967296], one)], /more elements than can be counted/);
    refuses([input("FP32", [-1], one)], /dimension/);
    refuses([input("FP32", [1])], /0 elements/);
    refuses([input("FP64", [1], one)], /0 elements/);
    refuses([input("FP32", [2])], /size of its shape/, { rawInputContents: [new Uint8Array(4)] });
  });

  it("is refused for mixed forms, unknown or foreign datatypes and values out of range", () => {
    const one = { fp32Contents: Float32Array.of(1) };
    const raw = { rawInputContents: [new Uint8Array(4)] };
    refuses([input("FP32", [1], one)], /contents beside raw_input_contents/, raw);
    refuses([input("FP32", [1]), input("FP32", [1], one, "z")], /2 inputs, but 1 raw/, raw);
    refuses([input("FP32", [1], one), input("FP32", [1], one)], /an input twice/);
    refuses([input("FP16", [1], one)], /only come in raw/);
    refuses([input("DT_FLOAT", [1], one)], /unknown datatype/);
    refuses([input("INT8", [1], { intContents: Int32Array.of(128) })], /outside the range/);
    refuses([input("UINT16", [1], { uintContents: Uint32Array.of(65536) })], /outside the range/);
    refuses([], /not a string_param/, { parameters: new Map([["signature_name", { int64Param: 1n }]]) });
  });

  it("has a bound on the byte strings of all raw tensors together", () => {
    const request = ModelInferRequest.encode({
      inputs: [input("BYTES", [100]), input("BYTES", [100], undefined, "z")] as ModelInferRequest["inputs"],
      rawInputContents: [new Uint8Array(400), new Uint8Array(400)],
    });
    assert.equal(decodeInferRequest(request, { maxElements: 200 }).inputs.size, 2);
    assert.throws(() => decodeInferRequest(request, { maxElements: 199 }), /too many elements in BYTES tensors/);
  });

  it("is answered in raw form where an output has no other", () => {
    const response = encode({ y: makeTensor("bfloat16", [1], [7]), z: makeTensor("int8", [1], [1]) }, false);
    assert.deepEqual(response.rawOutputContents, [Uint8Array.of(7, 0), Uint8Array.of(1)]);
    assert.throws(() => encode({ y: makeTensor("complex64", [1], [1, 2]) }, true), { code: "UNIMPLEMENTED" });
  });
});
