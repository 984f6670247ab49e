import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Example, type Feature } from "../src/messages/tensorflow/example.ts";
import { encodeClassifyAnswer, encodeRegressAnswer } from "../src/rest/examples-answer.ts";
import { parseExamplesBody } from "../src/rest/examples-body.ts";
import { bytesOf, textOf } from "./fixtures.ts";

/** The one feature of the one example whose feature x is the given JSON. */
function featureOf(json: string): Feature | undefined {
  const { input } = parseExamplesBody(bytesOf(`{"examples": [{"x": ${json}}]}`));
  return Example.decode(input.exampleList?.examples[0] ?? bytesOf("")).features?.feature.get("x");
}

function refuses(body: string, message: string): void {
  assert.throws(() => parseExamplesBody(bytesOf(body)), { code: "INVALID_ARGUMENT", message }, body);
}

const float = (...values: number[]): Feature => ({ floatList: { value: Float32Array.from(values) } });
const int64 = (...values: bigint[]): Feature => ({ int64List: { value: BigInt64Array.from(values) } });
const bytes = (...values: string[]): Feature => ({ bytesList: { value: values.map(bytesOf) } });

describe("examples in JSON", () => {
  it("get features of the kind that their values have", () => {
    assert.deepEqual(featureOf("20.0"), float(20));
    assert.deepEqual(
      featureOf("[1.5, 1e3, -0.0, NaN, Infinity, -Inf]"),
      float(1.5, 1000, -0, NaN, Infinity, -Infinity),
    );
    assert.deepEqual(featureOf("20"), int64(20n));
    assert.deepEqual(
      featureOf("[-9223372036854775808, 9223372036854775807, -0]"),
      int64(-(2n ** 63n), 2n ** 63n - 1n, 0n),
    );
    assert.deepEqual(featureOf("true"), int64(1n));
    assert.deepEqual(featureOf("[true, 5, false]"), int64(1n, 5n, 0n));
    assert.deepEqual(featureOf('"h\\u00e9"'), bytes("h\u00e9"));
    assert.deepEqual(featureOf('["a", {"b64": "aGk="}, ""]'), bytes("a", "hi", ""));
    assert.deepEqual(featureOf("[]"), {});
  });

  it("take integers that no 64 bits hold as floats", () => {
    assert.deepEqual(featureOf("[18446744073709551616, 1.5]"), float(2 ** 64, 1.5));
    assert.deepEqual(featureOf("-9223372036854775809"), float(-(2 ** 63)));
  });

  it("are refused with values of two kinds", () => {
    const mixed = (values: string, kind: string): void =>
      refuses(`{"examples": [{"f": ${values}}]}`, `Unexpected element type in feature: f expecting type: ${kind}`);
    mixed("[1, 2.5]", "int64");
    mixed("[2.5, 1]", "float");
    mixed('["a", 1]', "bytes");
    mixed('["a", 18446744073709551603]', "bytes");
    mixed("[1, true, 0.5]", "int64");
    mixed('[1.5, {"b64": "aGk="}]', "float");
  });

  it("are refused with values that are no feature's", () => {
    const refused = (value: string, type: string): void =>
      refuses(`{"examples": [{"f": ${value}}]}`, `Feature: f has element with unexpected JSON type: ${type}`);
    refused("null", "Null");
    refused("[1, null]", "Null");
    refused("[[1]]", "Array");
    refused("[[]]", "Array");
    refused("[1, [2]]", "Array");
    refused(`${"[".repeat(300)}${"]".repeat(300)}`, "Array");
    refused('{"a": 1}', "Object");
    refused('{"b64": 1}', "Object");
    refused('[{"b64": "aGk=", "b65": ""}]', "Object");
    refuses('{"examples": [{"f": {"b64": "!!!"}}]}', "Unable to base64 decode");
    refuses(
      '{"examples": [{"f": [1, {"b64": "!!!"}]}]}',
      "Unexpected element type in feature: f expecting type: int64",
    );
    refuses(
      '{"examples": [{"f": 18446744073709551603}]}',
      "Feature: f has uint64_t element. Only int64_t is supported.",
    );
  });

  it("keep the last of two features with one name, but check both", () => {
    const { input } = parseExamplesBody(bytesOf('{"examples": [{"x": 1, "x": "a"}]}'));
    const example = Example.decode(input.exampleList?.examples[0] ?? bytesOf(""));
    assert.deepEqual(example.features?.feature, new Map([["x", bytes("a")]]));
    refuses('{"examples": [{"x": null, "x": "a"}]}', "Feature: x has element with unexpected JSON type: Null");
  });

  it("come with a signature name, a context, and members that nobody asked for", () => {
    const body =
      '{"signature_name": "s", "request_options": {"a": [1]}, "context": {"c": 1}, "examples": [{}, {"x": 2}]}';
    const { signatureName, input } = parseExamplesBody(bytesOf(body));
    assert.equal(signatureName, "s");
    const { context, examples = [] } = input.exampleListWithContext ?? {};
    assert.deepEqual(Example.decode(context ?? bytesOf("")).features?.feature.get("c"), int64(1n));
    assert.deepEqual(
      examples.map((one) => Example.decode(one).features?.feature.size),
      [0, 1],
    );
    assert.equal(parseExamplesBody(bytesOf('{"examples": [{}]}X')).signatureName, "");
  });

  it("are refused in a body of another form, in TensorFlow Serving's order", () => {
    refuses("", "JSON Parse error: The document is empty");
    refuses("[]", "JSON Value: [] Is not object");
    const name = "not formatted correctly. 'signature_name' key must be a string value.";
    refuses(
      '{"signature_name": 5, "context": 1}',
      `JSON Value: {\n    "signature_name": 5,\n    "context": 1\n} ${name}`,
    );
    for (const [value, type] of [
      ["1", "Number"],
      ["[]", "Array"],
      ["null", "Null"],
      ['"a"', "String"],
      ["true", "True"],
    ]) {
      refuses(`{"context": ${value}}`, `Example must be JSON object but got JSON ${type}`);
      refuses(`{"examples": [{}, ${value}]}`, `Example must be JSON object but got JSON ${type}`);
    }
    refuses('{"examples": [1, 2]}', "Example must be JSON object but got JSON Number");
    refuses('{"examples": [[1], [2]]}', "Example must be JSON object but got JSON Array");
    refuses('{"examples": [[]]}', "Example must be JSON object but got JSON Array");
    const missing = "When method is classify, key 'examples' is expected and was not found";
    refuses("{}", `JSON Value: {} ${missing}`);
    refuses('{"examples": 1}', `JSON Value: {\n    "examples": 1\n} Expecting 'examples' value to be an list/array`);
    refuses('{"examples": []}', `JSON Value: {\n    "examples": []\n} 'examples' value is an empty array`);
  });

  it("are refused beyond the limits", () => {
    const many = `{"examples": [${"{},".repeat(50)}{}]}`;
    assert.throws(() => parseExamplesBody(bytesOf(many), { maxNodes: 20 }), { code: "INVALID_ARGUMENT" });
    assert.throws(() => parseExamplesBody(bytesOf(many), { maxBytes: 20 }), { code: "INVALID_ARGUMENT" });
  });
});

describe("results in JSON", () => {
  it("are lists of pairs for classes, and lists of numbers for regressions", () => {
    const classes = [
      { label: bytesOf('a"'), score: Math.fround(0.1) },
      { label: bytesOf(""), score: Number.NaN },
    ];
    const classified = textOf(encodeClassifyAnswer({ classifications: [{ classes }, { classes: [] }] }));
    assert.equal(classified, '{\n    "results": [[["a\\"", 0.1], ["", NaN]], []\n    ]\n}');
    const regressed = textOf(encodeRegressAnswer({ regressions: [{ value: 42 }, { value: -Infinity }] }));
    assert.equal(regressed, '{\n    "results": [42.0, -Infinity]\n}');
  });

  it("carry labels of any bytes", () => {
    const answer = encodeClassifyAnswer({ classifications: [{ classes: [{ label: Uint8Array.of(0xff), score: 1 }] }] });
    assert.ok(answer.includes(0xff));
  });

  it("are refused when there are none", () => {
    const message = (kind: string): object => ({ message: `Cannot convert empty ${kind} to JSON` });
    assert.throws(() => encodeClassifyAnswer({ classifications: [] }), message("ClassificationResults"));
    assert.throws(() => encodeRegressAnswer({ regressions: [] }), message("RegressionResults"));
  });
});
