import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parsePredictBody } from "../src/rest/predict-body.ts";
import { ServingError } from "../src/status/serving-error.ts";
import type { DataType } from "../src/tensor/data-type.ts";
import { isNumberData, type Tensor } from "../src/tensor/tensor.ts";
import { bytesOf, valuesOf } from "./fixtures.ts";

type Types = Record<string, DataType>;

function parse(body: string, types: Types = { x: "float32" }): ReturnType<typeof parsePredictBody> {
  return parsePredictBody(bytesOf(body), { inputs: new Map(Object.entries(types)) });
}

function tensorOf(body: string, dtype: DataType): Tensor {
  const tensor = parse(body, { x: dtype }).inputs.get("x");
  assert.ok(tensor !== undefined);
  assert.equal(tensor.dtype, dtype);
  return tensor;
}

function messageOf(body: string, types: Types = { x: "float32" }, code = "INVALID_ARGUMENT"): string {
  try {
    parse(body, types);
  } catch (error) {
    assert.ok(error instanceof ServingError);
    assert.equal(error.code, code);
    return error.message;
  }
  return assert.fail(`${body} was not refused`);
}

describe("row format", () => {
  it("puts the batch in front of each element's shape", () => {
    assert.deepEqual(tensorOf('{"instances":[1,2]}', "float32").shape, [2]);
    assert.deepEqual(tensorOf('{"instances":[[1,2],[3,4],[5,6]]}', "float32").shape, [3, 2]);
    assert.deepEqual(tensorOf('{"instances":[{"x":1},{"x":2}]}', "float32").shape, [2]);
    assert.deepEqual(tensorOf('{"instances":[{"x":[[1],[2]]}]}', "float32").shape, [1, 2, 1]);
    assert.deepEqual(tensorOf('{"instances":[[]]}', "float32").shape, [1, 0]);
    assert.deepEqual(tensorOf('{"instances":[[[],[]],[[],[]]]}', "int64").shape, [2, 2, 0]);
  });

  it("reads named inputs in any order", () => {
    const { inputs, format } = parse('{"instances":[{"b":["p"],"a":1},{"a":2,"b":["q"]}]}', {
      a: "int32",
      b: "string",
    });
    assert.equal(format, "row");
    assert.deepEqual(inputs.get("a"), { dtype: "int32", shape: [2], data: Int32Array.of(1, 2) });
    assert.deepEqual(inputs.get("b"), { dtype: "string", shape: [2, 1], data: [bytesOf("p"), bytesOf("q")] });
  });

  it("takes a b64 object as a value, and any other object as one by names", () => {
    assert.deepEqual(valuesOf(tensorOf('{"instances":[{"b64":"aGk="},"plain"]}', "string")), ["hi", "plain"]);
    assert.deepEqual(valuesOf(tensorOf('{"instances":[{"x":{"b64":"aGk="}}]}', "string")), ["hi"]);
  });

  it("refuses mixtures of plain elements and objects", () => {
    assert.equal(messageOf('{"instances":[{"x":1},[1]]}'), "Expecting object but got list at item 1 of input list");
    assert.equal(
      messageOf('{"instances":[[1],{"x":1}]}'),
      "Expecting value/list but got object at item 1 of input list",
    );
    const plain =
      "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map";
    assert.equal(messageOf('{"instances":[1]}', { a: "int32", b: "int32" }), plain);
    assert.equal(messageOf('{"instances":["s"]}', { a: "string", b: "string" }), plain);
    assert.equal(messageOf('{"instances":[{"b64":"aGk="}]}', { a: "string", b: "string" }), plain);
  });

  it("refuses objects with missing, unknown or repeated names", () => {
    const wrapped = (message: string) => `Failed to process element: 0 of 'instances' list. JSON object: ${message}`;
    assert.equal(
      messageOf('{"instances":[{"b":1}]}', { b: "int32", a: "int32" }),
      wrapped('{\n    "b": 1\n} keys must be equal to: a,b'),
    );
    assert.equal(
      messageOf('{"instances":[{"x":1,"x":1}]}'),
      wrapped('{\n    "x": 1,\n    "x": 1\n} keys must be equal to: x'),
    );
    assert.equal(
      messageOf('{"instances":[{"zzz":1}]}'),
      "Failed to process element: 0 key: zzz of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: zzz",
    );
  });

  it("refuses elements of different shapes", () => {
    const failed = "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: ";
    assert.equal(messageOf('{"instances":[[1,2],[3]]}'), `${failed}Expecting tensor size: 2 but got: 1`);
    assert.equal(messageOf('{"instances":[[[1,2]],[[1],[2]]]}'), `${failed}Expecting shape [1,2] but got: [2,1]`);
    assert.equal(messageOf('{"instances":[1,[1]]}'), `${failed}Expecting shape [] but got: [1]`);
    assert.equal(messageOf('{"instances":[[[]],[]]}'), `${failed}Expecting shape [1,0] but got: [0]`);
  });

  it("refuses lists that are not rectangular inside an element", () => {
    const failed = "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: ";
    assert.equal(
      messageOf('{"instances":[[[1,2],[3]]]}'),
      `${failed}Encountered list at unexpected size: 1 at level: 1 expected size: 2`,
    );
    assert.equal(messageOf('{"instances":[[1,[2]]]}'), `${failed}Encountered list at unexpected level: 1 expected < 1`);
    assert.equal(
      messageOf('{"instances":[[[1],2]]}'),
      `${failed}JSON Value: 2 found at incorrect level: 2 in the JSON DOM. Expected at level: 2`,
    );
    assert.equal(
      messageOf('{"instances":[[["a"],"b"]]}', { x: "string" }),
      `${failed}JSON Value: "b" found at incorrect level: 2 in the JSON DOM. Expected at level: 2`,
    );
  });

  it("names the element and the input of a bad value", () => {
    assert.equal(
      messageOf('{"instances":[[1,2],[3,4.5]]}', { x: "int32" }),
      "Failed to process element: 1 of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: 4.5 Type: Number is not of expected type: int32",
    );
    assert.equal(
      messageOf('{"instances":[{"x":true}]}'),
      "Failed to process element: 0 key: x of 'instances' list. Error: INVALID_ARGUMENT: JSON Value: true Type: True is not of expected type: float",
    );
  });

  it("refuses an empty batch and instances that are no list", () => {
    assert.equal(
      messageOf('{"instances":[]}'),
      "JSON Value: {\n    \"instances\": []\n} No values in 'instances' array",
    );
    for (const value of ["3", '"a"', "{}", "null"]) {
      assert.match(messageOf(`{"instances":${value}}`), / Expecting 'instances' to be an list\/array$/);
    }
  });
});

describe("column format", () => {
  it("adds no dimension", () => {
    assert.deepEqual(tensorOf('{"inputs":5}', "float32"), { dtype: "float32", shape: [], data: Float32Array.of(5) });
    assert.deepEqual(tensorOf('{"inputs":[[1,2]]}', "float32").shape, [1, 2]);
    assert.deepEqual(tensorOf('{"inputs":{"x":[1,2]}}', "float32").shape, [2]);
    assert.deepEqual(tensorOf('{"inputs":[]}', "float32").shape, [0]);
  });

  it("ignores names that are no inputs, and takes the first of equal names", () => {
    const { inputs, format } = parse('{"inputs":{"a":[1],"zzz":{"y":[null]},"a":[2]}}', { a: "int32" });
    assert.equal(format, "column");
    assert.deepEqual([...inputs.keys()], ["a"]);
    assert.deepEqual(inputs.get("a")?.data, Int32Array.of(1));
  });

  it("refuses what is missing, ragged or plain", () => {
    const two: Types = { a: "int32", b: "int32" };
    assert.equal(messageOf('{"inputs":{"a":[1]}}', two), "Missing named input: b in 'inputs' object.");
    assert.equal(messageOf('{"inputs":{}}'), "Missing named input: x in 'inputs' object.");
    assert.equal(
      messageOf('{"inputs":[1]}', two),
      "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map",
    );
    assert.equal(
      messageOf('{"inputs":[[1,2],[3]]}'),
      "Encountered list at unexpected size: 1 at level: 1 expected size: 2",
    );
    assert.equal(messageOf('{"inputs":null}'), "JSON Value: null Type: Null is not of expected type: float");
  });
});

describe("signature", () => {
  it("is looked up by the name in the body, wherever that stands", () => {
    const asked: string[] = [];
    const signature = (name: string) => {
      asked.push(name);
      return { inputs: new Map<string, DataType>([["x", "int32"]]) };
    };
    assert.equal(parsePredictBody(bytesOf('{"instances":[1],"signature_name":"a"}'), signature).signatureName, "a");
    assert.equal(parsePredictBody(bytesOf('{"instances":[1]}'), signature).signatureName, "");
    assert.deepEqual(asked, ["a", ""]);
  });

  it("comes before anything said about instances and inputs, and after the syntax", () => {
    const refuse = () => {
      throw new ServingError("NOT_FOUND", "Servable not found for request: Latest(m)");
    };
    assert.throws(() => parsePredictBody(bytesOf('{"instances":3}'), refuse), { code: "NOT_FOUND" });
    assert.throws(() => parsePredictBody(bytesOf('{"instances":3'), refuse), { code: "INVALID_ARGUMENT" });
  });

  it("must be a string, and have inputs", () => {
    assert.equal(
      messageOf('{"signature_name":5}'),
      "JSON Value: {\n    \"signature_name\": 5\n} not formatted correctly. 'signature_name' key must be a string value.",
    );
    assert.equal(messageOf("{}", {}), "Failed to get input map for signature: DEFAULT");
    assert.equal(messageOf('{"signature_name":"s"}', {}), "Failed to get input map for signature: s");
  });

  it("must come with exactly one of instances and inputs", () => {
    assert.equal(messageOf("{}"), "Missing 'inputs' or 'instances' key");
    assert.match(
      messageOf('{"inputs":1,"instances":[1]}'),
      / Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist $/,
    );
  });
});

describe("types of values", () => {
  function values(dtype: DataType, list: string): (number | bigint | string)[] {
    return valuesOf(tensorOf(`{"instances":[${list}]}`, dtype));
  }

  function refuses(dtype: DataType, value: string, type: string, name: string = dtype): void {
    const message = messageOf(`{"inputs":${value}}`, { x: dtype });
    assert.ok(message.endsWith(` Type: ${type} is not of expected type: ${name}`), message);
  }

  it("float and double take every number", () => {
    assert.deepEqual(values("float32", "1,-2.5,1e300,1e-300,NaN,Infinity,-Inf"), [
      1,
      -2.5,
      Number.POSITIVE_INFINITY,
      0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
    assert.deepEqual(values("float64", "0.1,12345678901234567890,1e-320"), [
      0.1,
      Number("12345678901234567890"),
      1e-320,
    ]);
    for (const [value, type] of [
      ["true", "True"],
      ["null", "Null"],
      ['"1"', "String"],
      ["{}", "Object"],
    ] as const) {
      const message = messageOf(`{"instances":[${value === "{}" ? '{"x":{}}' : value}]}`);
      assert.ok(message.endsWith(`Type: ${type} is not of expected type: float`), message);
    }
  });

  it("32-bit integers take integers of their range, and the smaller ones keep the lower bits", () => {
    assert.deepEqual(values("int32", "2147483647,-2147483648,-0"), [2147483647, -2147483648, 0]);
    assert.deepEqual(values("uint8", "255,256,-1"), [255, 0, 255]);
    assert.deepEqual(values("int8", "128"), [-128]);
    assert.deepEqual(values("int16", "65537"), [1]);
    for (const value of ["1.0", "1e3", "2147483648", "-2147483649", "NaN", "12345678901234567890"]) {
      refuses("int32", value, "Number");
      refuses("uint8", value, "Number");
    }
    assert.deepEqual(values("uint32", "0,4294967295"), [0, 4294967295]);
    refuses("uint32", "4294967296", "Number");
    refuses("uint32", "-1", "Number");
  });

  it("64-bit integers are exact", () => {
    assert.deepEqual(values("int64", "9223372036854775807,-9223372036854775808,9007199254740993"), [
      2n ** 63n - 1n,
      -(2n ** 63n),
      2n ** 53n + 1n,
    ]);
    assert.deepEqual(values("uint64", "18446744073709551615,0"), [2n ** 64n - 1n, 0n]);
    refuses("int64", "9223372036854775808", "Number");
    refuses("int64", "-9223372036854775809", "Number");
    refuses("int64", "1.0", "Number");
    refuses("uint64", "18446744073709551616", "Number");
    refuses("uint64", "-1", "Number");
    refuses("int64", `1${"0".repeat(300)}`, "Number");
  });

  it("bool and string take nothing but their own", () => {
    assert.deepEqual(values("bool", "true,false"), [1, 0]);
    refuses("bool", "1", "Number");
    refuses("bool", '"true"', "String");
    assert.deepEqual(values("string", '"","\\u0000","h\u00e9"'), ["", "\u0000", "h\u00e9"]);
    refuses("string", "5", "Number");
    refuses("string", "true", "True");
    refuses("string", "null", "Null");
  });

  it("other types cannot be sent", () => {
    const message = messageOf('{"inputs":1.5}', { x: "float16" }, "UNIMPLEMENTED");
    assert.equal(message, "Conversion of JSON Value: 1.5 to type: half");
    assert.equal(
      messageOf('{"instances":[true]}', { x: "complex64" }),
      "Failed to process element: 0 of 'instances' list. Error: UNIMPLEMENTED: Conversion of JSON Value: true to type: complex64",
    );
    refuses("uint16", '{"x":{"b64":"aGk="}}', "Object");
  });

  it("base64 is read with or without padding, and without a look at spare bits", () => {
    assert.deepEqual(values("string", '{"b64":""},{"b64":"aGk"},{"b64":"aGk="},{"b64":"a G\\nk="}'), [
      "",
      "hi",
      "hi",
      "hi",
    ]);
    assert.deepEqual(values("string", '{"b64":"aGl="},{"b64":"aR"},{"b64":"aGk."},{"b64":"aQ. ="}'), [
      "hi",
      "i",
      "hi",
      "i",
    ]);
    for (const bad of ["!!!", "a", "aGk==", "aGk..", "=", ".", "aGk=aGk=", "aGk.a", "_-__"]) {
      assert.equal(messageOf(`{"inputs":{"b64":"${bad}"}}`, { x: "string" }), "Unable to base64 decode");
    }
    assert.equal(
      messageOf('{"inputs":{"x":{"b64":5}}}', { x: "string" }),
      'JSON Value: {\n    "b64": 5\n} not formatted correctly for base64 data',
    );
    assert.match(
      messageOf('{"inputs":{"x":{"b64":"","c":1}}}', { x: "string" }),
      / not formatted correctly for base64 data$/,
    );
  });

  it("long literals become the same float32 as through a double", () => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.double({ min: 0, max: 1 }), (value, noise) => {
        const texts = [`${value}`, (value + noise).toFixed(20), value.toPrecision(21), (value / 3).toExponential(16)];
        const tensor = tensorOf(`{"instances":[${texts.join(",")}]}`, "float32");
        assert.deepEqual(
          valuesOf(tensor),
          texts.map((text) => Math.fround(Number(text))),
        );
      }),
    );
  });

  it("float32 values halfway between two floats round to even", () => {
    const halves = ["1.00000005960464477539062500", "1.00000017881393432617187500", "16777217.000000000000000000"];
    const above = ["1.00000005960464477539062501", "16777217.000000000000000001"];
    const texts = [...halves, ...above];
    assert.deepEqual(
      valuesOf(tensorOf(`{"instances":[${texts.join(",")}]}`, "float32")),
      texts.map((text) => Math.fround(Number(text))),
    );
  });
});

describe("rectangular lists of numbers", () => {
  it("become the values that JSON.parse gives, in order, however they are spaced", () => {
    const shape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
    const spacing = fc.constantFrom("", " ", "\n  ");
    fc.assert(
      fc.property(
        shape,
        fc.infiniteStream(fc.double({ noNaN: true, noDefaultInfinity: true })),
        spacing,
        (dims, stream, gap) => {
          const build = (level: number): unknown =>
            level === dims.length
              ? (stream.next().value as number)
              : Array.from({ length: dims[level] ?? 0 }, () => build(level + 1));
          const nested = build(0);
          const text = JSON.stringify(nested).replaceAll(",", `,${gap}`).replaceAll("[", `[${gap}`);
          const tensor = tensorOf(`{"inputs":${text}}`, "float64");
          assert.deepEqual(tensor.shape, dims);
          assert.deepEqual(
            valuesOf(tensor).map((value) => (value === 0 ? 0 : value)),
            (JSON.parse(text) as unknown[]).flat(4).map((value) => (value === 0 ? 0 : value)),
          );
        },
      ),
    );
  });
});

describe("large and hostile bodies", () => {
  it("numbers become one array of exactly their size", () => {
    const rows = `[${Array.from({ length: 1000 }, (_, row) => `[${row},${row}.5]`).join(", ")}]`;
    const tensor = tensorOf(`{"instances": ${rows}}`, "float32");
    assert.deepEqual(tensor.shape, [1000, 2]);
    assert.ok(isNumberData(tensor.data) && tensor.data.buffer.byteLength === 8000);
    assert.equal(tensor.data[1999], 999.5);
  });

  it("brackets nested beyond any tensor are refused", () => {
    const deep = "[".repeat(500_000) + "]".repeat(500_000);
    assert.match(messageOf(`{"inputs":${deep}}`), /more than 254 levels/);
    assert.match(messageOf(`{"instances":${deep}}`), /more than 254 levels/);
    assert.match(messageOf(`{"instances":[${deep}, 1]}`), /more than 254 levels/);
    assert.match(messageOf(`{"inputs":[1, ${deep}]}`), /Encountered list at unexpected level: 1 expected < 1/);
    const rank254 = `${"[".repeat(254)}1${"]".repeat(254)}`;
    assert.equal(tensorOf(`{"inputs":${rank254}}`, "float32").shape.length, 254);
    assert.match(messageOf(`{"inputs":[${rank254}]}`), /more than 254 levels/);
  });

  it("lists that are ragged at every level take no more than linear time", () => {
    let nested = `[${"1,".repeat(20_000)}1]`;
    for (let level = 0; level < 200; level++) {
      nested = `[${nested},"a"]`;
    }
    const start = performance.now();
    messageOf(`{"inputs":${nested}}`);
    assert.ok(performance.now() - start < 30_000);
  });

  it("an endless number is read in linear time", () => {
    const digits = "1".repeat(300) + ".".padEnd(2_000_000, "7");
    assert.deepEqual(tensorOf(`{"inputs":${digits}}`, "float64").shape, []);
    assert.match(messageOf(`{"inputs":${"9".repeat(2_000_000)}}`), /Number too big/);
  });
});
