import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { concatBytes } from "@sealserve/core";
import { encodeInferAnswer } from "../src/open-inference/json-answer.ts";
import { isBinary, parseInferBody } from "../src/open-inference/json-infer.ts";
import { isInferenceTarget, parseInferencePath } from "../src/open-inference/path.ts";
import { decodeRawBody } from "../src/open-inference/raw-body.ts";
import { servingErrorOf } from "../src/status/serving-error.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { bytesOf, makeTensor, textOf, valuesOf } from "./fixtures.ts";

const x = { name: "x", shape: [3], datatype: "FP32", data: [1, 2.5, 5] };

function parse(request: unknown, ...tail: Uint8Array[]): ReturnType<typeof parseInferBody> {
  const json = bytesOf(typeof request === "string" ? request : JSON.stringify(request));
  return parseInferBody(concatBytes(json, ...tail), tail.length === 0 ? undefined : json.length);
}

function inputOf(input: object, ...tail: Uint8Array[]): Tensor {
  const tensor = parse({ inputs: [{ name: "x", ...input }] }, ...tail).inputs.get("x");
  assert.ok(tensor !== undefined);
  return tensor;
}

function refuses(request: () => unknown, message: RegExp): void {
  assert.throws(request, (error) => {
    const failure = servingErrorOf(error);
    assert.equal(failure.code, "INVALID_ARGUMENT", String(error));
    assert.match(failure.message, message);
    return true;
  });
}

function answer(outputs: Record<string, Tensor>, binary: readonly string[] = []) {
  const response = { modelName: "m", modelVersion: "1", id: "42", outputs: new Map(Object.entries(outputs)) };
  return encodeInferAnswer(response, { byName: new Map(binary.map((name) => [name, true])), others: false });
}

describe("an infer request in JSON", () => {
  it("has an id, a signature, inputs and outputs", () => {
    const request = parse({
      id: "42",
      parameters: { signature_name: "half", sequence_id: 7 },
      inputs: [x],
      outputs: [{ name: "y" }],
    });
    assert.equal(request.id, "42");
    assert.equal(request.signatureName, "half");
    assert.deepEqual(request.outputs, ["y"]);
    assert.deepEqual(request.inputs.get("x"), makeTensor("float32", [3], [1, 2.5, 5]));
    assert.equal(isBinary(request.binary, "y"), false);
  });

  it("takes elements flat or nested by the shape", () => {
    const expected = makeTensor("int32", [2, 2], [1, 2, 3, 4]);
    assert.deepEqual(inputOf({ shape: [2, 2], datatype: "INT32", data: [1, 2, 3, 4] }), expected);
    const nested = [
      [1, 2],
      [3, 4],
    ];
    assert.deepEqual(inputOf({ shape: [2, 2], datatype: "INT32", data: nested }), expected);
    assert.deepEqual(inputOf({ shape: [], datatype: "INT32", data: 7 }), makeTensor("int32", [], [7]));
    assert.deepEqual(inputOf({ shape: [], datatype: "INT32", data: [7] }), makeTensor("int32", [], [7]));
    assert.deepEqual(inputOf({ shape: [0, 3], datatype: "INT32", data: [] }), makeTensor("int32", [0, 3], []));
  });

  it("carries every datatype that JSON can", () => {
    const cases: [string, string, unknown[]][] = [
      ["BOOL", "[true,false]", [1, 0]],
      ["UINT8", "[0,255]", [0, 255]],
      ["UINT16", "[0,65535]", [0, 65535]],
      ["UINT32", "[0,4294967295]", [0, 4294967295]],
      ["UINT64", "[0,18446744073709551615]", [0n, 18446744073709551615n]],
      ["INT8", "[-128,127]", [-128, 127]],
      ["INT16", "[-32768,32767]", [-32768, 32767]],
      ["INT32", "[-2147483648,2147483647]", [-2147483648, 2147483647]],
      ["INT64", "[-9223372036854775808,9223372036854775807]", [-9223372036854775808n, 9223372036854775807n]],
      ["FP32", "[1,0.5]", [1, 0.5]],
      ["FP64", "[NaN,-Infinity]", [Number.NaN, Number.NEGATIVE_INFINITY]],
      ["BYTES", '["a","\\u00e9"]', ["a", "\u00e9"]],
    ];
    for (const [datatype, data, values] of cases) {
      const body = `{"inputs":[{"name":"x","shape":[2],"datatype":"${datatype}","data":${data}}]}`;
      const tensor = parse(body).inputs.get("x");
      assert.deepEqual(tensor === undefined ? undefined : valuesOf(tensor), values, datatype);
    }
  });

  it("holds integers to the range of their type", () => {
    const outside = {
      UINT8: 256,
      UINT16: 65536,
      UINT32: 2 ** 32,
      INT8: -129,
      INT16: 32768,
      INT32: 2 ** 31,
      UINT64: -1,
    };
    for (const [datatype, value] of Object.entries(outside)) {
      refuses(() => inputOf({ shape: [1], datatype, data: [value] }), /is not of expected type/);
    }
    refuses(() => inputOf({ shape: [1], datatype: "INT32", data: [1.5] }), /is not of expected type/);
    refuses(() => inputOf({ shape: [1], datatype: "BOOL", data: [1] }), /is not of expected type: bool/);
    refuses(() => inputOf({ shape: [1], datatype: "BYTES", data: [1] }), /is not of expected type: string/);
  });

  it("refuses data that do not fit the shape, before it makes anything of that size", () => {
    const shapes = [[2], [4], [1, 4], [3, 0], [1e9], [4294967296, 4294967296]];
    for (const shape of shapes) {
      refuses(() => inputOf({ ...x, shape }), /data is neither a flat list|more elements than can be counted/);
    }
    refuses(() => inputOf({ ...x, shape: [2, 2], data: [[1, 2], [3]] }), /unexpected size/);
    for (const shape of [undefined, "3", 3, [-1], [1.5], [[3]], ["3"], [1e30]]) {
      refuses(() => inputOf({ ...x, shape }), /^inputs\[0\]\.shape/);
    }
  });

  it("refuses members that are missing, twice there or of another type", () => {
    const bodies: [string, RegExp][] = [
      ["", /empty/],
      ["[]", /Is not object/],
      ['{"inputs":7}', /^inputs is not a list/],
      ['{"inputs":[7,"a"]}', /^inputs\[0\] is not an object/],
      ['{"inputs":[{"shape":[1]}]}', /^inputs\[0\] has no name/],
      ['{"inputs":[{"name":"x","shape":[1],"data":[1]}]}', /unknown datatype; one of BOOL/],
      ['{"inputs":[{"name":"x","shape":[1],"datatype":"FP32"}]}', /neither data nor/],
      ['{"inputs":[{"name":"x","name":"y"}]}', /^inputs\[0\] has a member twice/],
      ['{"inputs":[{"name":1}]}', /^inputs\[0\]\.name is not a string/],
      ['{"id":7}', /^id is not a string/],
      ['{"parameters":[]}', /^parameters is not an object/],
      ['{"parameters":{"signature_name":1}}', /^parameters\.signature_name is not a string/],
      ['{"parameters":{"binary_data_output":1}}', /neither true nor false/],
      ['{"outputs":[{}]}', /^outputs\[0\] has no name/],
      ['{"outputs":[{"name":"y"},{"name":"y"}]}', /^outputs\[1\] has the name of another/],
    ];
    for (const [body, message] of bodies) {
      refuses(() => parse(body), message);
    }
    refuses(() => parse({ inputs: [x, x] }), /^inputs\[1\] has the name of another input/);
    refuses(() => inputOf({ ...x, datatype: "FP16" }), /send it as binary data/);
  });

  it("survives nesting and names that mean something elsewhere", () => {
    const deep = "[".repeat(1e6);
    refuses(() => parse(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${deep}`), /Parse error/);
    const closed = `${deep}${"]".repeat(1e6)}`;
    refuses(() => parse(`{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":${closed}}]}`), /levels of lists/);
    const request = parse(
      '{"__proto__":{"inputs":1},"inputs":[{"name":"__proto__","shape":[0],"datatype":"BOOL","data":[]}]}',
    );
    assert.deepEqual([...request.inputs.keys()], ["__proto__"]);
  });
});

describe("binary data behind the JSON", () => {
  const binary = (size: number) => ({ parameters: { binary_data_size: size } });

  it("belong to the inputs in their order", () => {
    const request = parse(
      {
        inputs: [
          { name: "a", shape: [2], datatype: "FP16", ...binary(4) },
          { name: "b", shape: [1], datatype: "INT8", data: [-3] },
          { name: "c", shape: [2], datatype: "BYTES", ...binary(11) },
          { name: "d", shape: [3], datatype: "BOOL", ...binary(3) },
        ],
      },
      Uint8Array.of(0, 0x3c, 0, 0x40),
      Uint8Array.of(3, 0, 0, 0, 1, 0xff, 2, 0, 0, 0, 0),
      Uint8Array.of(0, 1, 9),
    );
    assert.deepEqual(request.inputs.get("a"), makeTensor("float16", [2], [0x3c00, 0x4000]));
    assert.deepEqual(request.inputs.get("c")?.data, [Uint8Array.of(1, 0xff, 2), new Uint8Array()]);
    assert.deepEqual(request.inputs.get("d"), makeTensor("bool", [3], [0, 1, 1]));
  });

  it("are refused when sizes do not add up", () => {
    const input = { name: "x", shape: [2], datatype: "FP32" };
    const eight = new Uint8Array(8);
    refuses(() => parse({ inputs: [{ ...input, ...binary(8) }] }), /0 bytes are left/);
    refuses(() => parse({ inputs: [{ ...input, ...binary(8) }] }, eight, eight), /8 bytes that belong to no input/);
    refuses(() => parse({ inputs: [{ ...input, ...binary(4) }] }, eight.subarray(4)), /does not have the size/);
    refuses(() => parse({ inputs: [{ ...input, data: [1, 2], ...binary(8) }] }, eight), /both data and/);
    refuses(() => parse({ inputs: [{ ...input, ...binary(-8) }] }, eight), /no integer from 0 on/);
    refuses(() => parseInferBody(bytesOf("{}"), 3), /Inference-Header-Content-Length is 3, but the body has 2/);
  });

  it("of byte strings are refused when their lengths do not fit", () => {
    const bytesInput = (count: number, ...bytes: number[]) =>
      inputOf({ shape: [count], datatype: "BYTES", ...binary(bytes.length) }, Uint8Array.from(bytes));
    assert.deepEqual(bytesInput(0).data, []);
    refuses(() => bytesInput(1), /shorter than its shape/);
    refuses(() => bytesInput(1e9, 0, 0, 0, 0), /shorter than its shape/);
    refuses(() => bytesInput(1, 1, 0, 0, 0), /do not add up/);
    refuses(() => bytesInput(1, 0xff, 0xff, 0xff, 0xff, 1), /do not add up/);
    refuses(() => bytesInput(1, 0, 0, 0, 0, 9), /do not add up/);
    refuses(() => bytesInput(2, 2, 0, 0, 0, 1, 1, 7, 7), /do not add up/);
  });

  it("have a bound on the byte strings of all tensors together", () => {
    const input = (name: string) => ({ name, shape: [500], datatype: "BYTES", ...binary(2000) });
    const json = bytesOf(JSON.stringify({ inputs: [input("a"), input("b")] }));
    const body = concatBytes(json, new Uint8Array(4000));
    assert.equal(parseInferBody(body, json.length, { maxNodes: 1000 }).inputs.size, 2);
    refuses(() => parseInferBody(body, json.length, { maxNodes: 999 }), /too many elements in BYTES tensors/);
  });

  it("can be all there is, for the one input of a model", () => {
    const floats = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);
    assert.deepEqual(decodeRawBody(floats, { dtype: "float32", shape: [-1, 2] }).shape, [2, 2]);
    assert.deepEqual(decodeRawBody(floats, { dtype: "float32", shape: [4] }), makeTensor("float32", [4], [1, 2, 3, 4]));
    assert.deepEqual(decodeRawBody(bytesOf("hi"), { dtype: "string", shape: [-1] }), makeTensor("string", [1], ["hi"]));
    for (const shape of [[-1, -1], [-1, 3], [-1, 0], [3], [], undefined]) {
      refuses(() => decodeRawBody(floats, { dtype: "float32", shape }), /raw body/);
    }
    refuses(() => decodeRawBody(floats.subarray(1), { dtype: "float32", shape: [-1] }), /raw body/);
    refuses(() => decodeRawBody(floats, { dtype: "complex64", shape: [-1] }), /raw body/);
  });
});

describe("an infer answer", () => {
  it("is JSON with flat data", () => {
    const { body, jsonLength } = answer({
      y: makeTensor("float32", [2, 1], [2.5, 3]),
      s: makeTensor("string", [1], ['"\u00e9']),
      n: makeTensor("int64", [], [9007199254740993n]),
    });
    assert.equal(jsonLength, undefined);
    assert.match(textOf(body), /\[9007199254740993\]/);
    assert.deepEqual(JSON.parse(textOf(body)), {
      model_name: "m",
      model_version: "1",
      id: "42",
      outputs: [
        { name: "y", datatype: "FP32", shape: [2, 1], data: [2.5, 3] },
        { name: "s", datatype: "BYTES", shape: [1], data: ['"\u00e9'] },
        { name: "n", datatype: "INT64", shape: [], data: [Number("9007199254740993")] },
      ],
    });
  });

  it("has the bytes of the outputs that were asked for so, in their order", () => {
    const tensors = { y: makeTensor("float16", [1], [0x3c00]), z: makeTensor("int8", [1], [-1]) };
    const strings = { s: { dtype: "string", shape: [1], data: [Uint8Array.of(0xff)] } } as const;
    const { body, jsonLength } = answer({ ...tensors, ...strings }, ["y", "s"]);
    const json = JSON.parse(textOf(body.subarray(0, jsonLength)));
    assert.deepEqual(
      json.outputs.map((output: { parameters?: unknown }) => output.parameters),
      [{ binary_data_size: 2 }, undefined, { binary_data_size: 5 }],
    );
    assert.deepEqual([...body.subarray(jsonLength)], [0, 0x3c, 1, 0, 0, 0, 0xff]);
  });

  it("is refused where JSON, or the protocol, has no form for it", () => {
    refuses(() => answer({ y: makeTensor("bfloat16", [1], [1]) }), /Output y .* ask for it as binary data/);
    refuses(() => answer({ y: { dtype: "string", shape: [1], data: [Uint8Array.of(0xff)] } }), /not UTF-8/);
    assert.throws(() => answer({ y: makeTensor("complex64", [1], [1, 2]) }, ["y"]), { code: "UNIMPLEMENTED" });
  });
});

describe("paths of the Open Inference Protocol", () => {
  it("are taken apart", () => {
    assert.deepEqual(parseInferencePath("/v2"), { kind: "server" });
    assert.deepEqual(parseInferencePath("/v2/?a=b"), { kind: "server" });
    assert.deepEqual(parseInferencePath("/v2/health/ready"), { kind: "ready" });
    assert.deepEqual(parseInferencePath("/v2/models"), { kind: "models" });
    assert.deepEqual(parseInferencePath("/v2/models/stats"), { kind: "statistics" });
    assert.deepEqual(parseInferencePath("/v2/models/a%2Fb"), { kind: "model", name: "a/b", version: "" });
    assert.deepEqual(parseInferencePath("/v2/models/m/versions/3/infer"), { kind: "infer", name: "m", version: "3" });
    assert.deepEqual(parseInferencePath("/v2/models/m/ready"), { kind: "model-ready", name: "m", version: "" });
    assert.deepEqual(parseInferencePath("/v2/models/infer/stats"), {
      kind: "model-statistics",
      name: "infer",
      version: "",
    });
  });

  it("are not others", () => {
    const unknown = ["/v2/health", "/V2", "/v2/models//infer", "/v2/models/m/versions", "/v2/models/m/generate"];
    for (const target of [...unknown, "/v2/models/%ff", "/v2/models/%", "/v2/constructor", "/v2/__proto__"]) {
      assert.equal(parseInferencePath(target), undefined, target);
      assert.equal(isInferenceTarget(target), target !== "/V2");
    }
    assert.ok(!isInferenceTarget("/v22") && !isInferenceTarget("/v1/models") && isInferenceTarget("/v2?x"));
  });
});
