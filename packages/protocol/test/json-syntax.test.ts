import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJsonObject } from "../src/rest/json/document.ts";
import { JsonLexer } from "../src/rest/json/lexer.ts";
import { printJson } from "../src/rest/json/print.ts";
import { bytesOf, textOf } from "./fixtures.ts";

const wanted = new Set(["x"]);

function parse(text: string): ReturnType<typeof parseJsonObject> {
  return parseJsonObject(bytesOf(text), wanted);
}

/** Texts and offsets agree with RapidJSON 1.1, iterative and with NaN and Inf, but for the two of newer versions. */
const refused: [string, string][] = [
  ["   ", "The document is empty. at offset: 3"],
  ["}", "The document is empty. at offset: 0"],
  ["instances = [1, 2]", "Invalid value. at offset: 0"],
  ["nul", "Invalid value. at offset: 3"],
  ["{", "Missing a name for object member. at offset: 1"],
  ["{x:1}", "Missing a name for object member. at offset: 1"],
  ['{"x":1,}', "Missing a name for object member. at offset: 7"],
  ['{"x" 1}', "Missing a colon after a name of object member. at offset: 5"],
  ['{"x":1 2}', "Missing a comma or '}' after an object member. at offset: 7"],
  ['{"x":1', "Missing a comma or '}' after an object member. at offset: 6"],
  ['{"x":[1 2]}', "Missing a comma or ']' after an array element. at offset: 8"],
  ['{"x":[1', "Missing a comma or ']' after an array element. at offset: 7"],
  ['{"x":[1,]}', "Invalid value. at offset: 8"],
  ['{"x":["a"}', "Missing a comma or ']' after an array element. at offset: 9"],
  ['{"x":}', "Invalid value. at offset: 5"],
  ['{"x":01}', "Missing a comma or '}' after an object member. at offset: 6"],
  ['{"x":+1}', "Invalid value. at offset: 5"],
  ['{"x":.5}', "Invalid value. at offset: 5"],
  ['{"x":-}', "Invalid value. at offset: 6"],
  ['{"x":1.}', "Miss fraction part in number. at offset: 7"],
  ['{"x":1e}', "Miss exponent in number. at offset: 7"],
  ['{"x":1e+}', "Miss exponent in number. at offset: 8"],
  ['{"x":[0, 1e309]}', "Number too big to be stored in double. at offset: 9"],
  ['{"x":Nan}', "Invalid value. at offset: 7"],
  ['{"x":Infinite}', "Invalid value. at offset: 12"],
  ['{"x":truE}', "Invalid value. at offset: 8"],
  ['{"x":"a', "Missing a closing quotation mark in string. at offset: 7"],
  ['{"x":"\u0000"}', "Missing a closing quotation mark in string. at offset: 6"],
  ['{"x":"\n"}', "Invalid encoding in string. at offset: 6"],
  ['{"x":"\\q"}', "Invalid escape character in string. at offset: 6"],
  ['{"x":"\\u12g4"}', "Incorrect hex digit after \\u escape in string. at offset: 6"],
  ['{"x":"\\u12', "Incorrect hex digit after \\u escape in string. at offset: 6"],
  ['{"x":"\\ud800"}', "The surrogate pair in string is invalid. at offset: 6"],
  ['{"x":"\\ud800\\u0041"}', "The surrogate pair in string is invalid. at offset: 6"],
  ['{"x":"\\udc00"}', "The surrogate pair in string is invalid. at offset: 6"],
];

describe("JSON syntax", () => {
  for (const [text, problem] of refused) {
    it(`refuses ${JSON.stringify(text)}, kept or not`, () => {
      const message = `JSON Parse error: ${problem}`;
      assert.throws(() => parse(text), { code: "INVALID_ARGUMENT", message });
      assert.throws(() => parseJsonObject(bytesOf(text), new Set()), { code: "INVALID_ARGUMENT", message });
    });
  }

  it("says it differently when there is no byte at all", () => {
    assert.throws(() => parse(""), { message: "JSON Parse error: The document is empty" });
  });

  it("stops behind the first value, and passes over a byte order mark and white space", () => {
    const document = parse('\ufeff \t\r\n{"x": true} and more');
    assert.equal(document.members.get("x"), true);
    assert.equal(document.start, 7);
  });

  it("wants an object", () => {
    for (const [text, shown] of [
      ["[1,2]", "[1, 2]"],
      ["5", "5"],
      ['"a"', '"a"'],
      ["null", "null"],
    ] as const) {
      assert.throws(() => parse(text), { message: `JSON Value: ${shown} Is not object` });
    }
    assert.throws(() => parse("[1,"), { message: "JSON Parse error: Invalid value. at offset: 3" });
  });

  it("takes the first of equal names", () => {
    assert.equal(parse('{"x": true, "x": false}').members.get("x"), true);
  });

  it("unescapes strings, and leaves bytes that are not UTF-8 alone", () => {
    const value = parse(String.raw`{"x": "\"\\\/\b\f\n\r\té€😀"}`).members.get("x");
    assert.ok(value instanceof Uint8Array);
    assert.equal(textOf(value), '"\\/\b\f\n\r\té€😀');
    const raw = parseJsonObject(Uint8Array.of(...bytesOf('{"x":"'), 0xff, 0xc3, ...bytesOf('"}')), wanted);
    assert.deepEqual(raw.members.get("x"), Uint8Array.of(0xff, 0xc3));
  });

  it("does not mind a million brackets in a member that nobody asked for", () => {
    const brackets = "[".repeat(1_000_000) + "]".repeat(1_000_000);
    assert.equal(parse(`{"y":${brackets},"x":true}`).members.get("x"), true);
    const objects = `${'{"a":'.repeat(300_000)}1${"}".repeat(300_000)}`;
    assert.equal(parse(`{"y":${objects},"x":true}`).members.get("x"), true);
  });

  it("does not mind them in a member that was asked for", () => {
    assert.ok(parse(`{"x":${"[".repeat(1_000_000) + "]".repeat(1_000_000)}}`).members.has("x"));
    assert.throws(() => parse(`{"x":${"[".repeat(1_000_000)}`), { message: /^JSON Parse error: Invalid value/ });
  });

  it("refuses documents above the limits", () => {
    assert.ok(parseJsonObject(bytesOf('{"x":true}'), wanted, { maxBytes: 10 }).members.has("x"));
    assert.throws(() => parseJsonObject(bytesOf('{"x":false}'), wanted, { maxBytes: 10 }), {
      code: "INVALID_ARGUMENT",
      message: "JSON document is larger than 10 bytes",
    });
    for (const text of [
      '{"x":["a","b","c","d","e"]}',
      '{"x":[1,2,3,4,null]}',
      '{"x":[null,null,null,null,null]}',
      '{"x":{"a":1,"b":1,"c":1,"d":1,"e":1}}',
      '{"x":[{},{},{},{},{}]}',
      '{"x":[[1],[2],[3],[4],[5,6]]}',
    ]) {
      assert.throws(() => parseJsonObject(bytesOf(text), wanted, { maxNodes: 4 }), {
        message: "JSON document has too many values",
      });
    }
    const numbers = '{"x":[[1,2],[3,4],[5,6]]}';
    assert.ok(parseJsonObject(bytesOf(numbers), wanted, { maxNodes: 0 }).members.has("x"));
  });
});

describe("JSON numbers", () => {
  function read(text: string): { value: number; end: number } {
    const lexer = new JsonLexer(bytesOf(text));
    lexer.number();
    return { value: lexer.value, end: lexer.offset };
  }

  it("are the nearest double up to 15 digits, and with any exponent", () => {
    for (const text of ["0", "7", "-12", "0.1", "-0.5", "123.456", "1e22", "1e23", "1.5E-7", "3e-400", "0.000001e3"]) {
      assert.equal(read(text).value, Number(text));
    }
    for (const text of ["4.9e-324", "1.7976931348623157e308", "0.30000000000000004e-300"]) {
      assert.equal(read(text).value, Number(text));
    }
  });

  it("have a sign for zero only where they have a point", () => {
    assert.ok(Object.is(read("-0").value, 0));
    assert.ok(Object.is(read("-0.0").value, -0));
  });

  it("can be words", () => {
    assert.ok(Number.isNaN(read("NaN").value));
    assert.ok(Number.isNaN(read("-NaN").value));
    assert.equal(read("Inf,").value, Number.POSITIVE_INFINITY);
    assert.equal(read("-Infinity").value, Number.NEGATIVE_INFINITY);
    assert.equal(read("-Infinity").end, 9);
  });
});

describe("JSON in messages", () => {
  function print(text: string): string {
    return printJson(bytesOf(text), 0);
  }

  it("is indented by four, with lists on one line", () => {
    assert.equal(
      print('{"a":[1,2,{"b":null}],"c":{},"d":[],"e":"x\\ny"}'),
      '{\n    "a": [1, 2, {\n            "b": null\n        }],\n    "c": {},\n    "d": [],\n    "e": "x\\ny"\n}',
    );
  });

  it("has numbers as RapidJSON writes them", () => {
    assert.equal(
      print("[1.0,0.1,1e21,1E-7,-0,-0.0,18446744073709551615]"),
      "[1.0, 0.1, 1e21, 1e-7, 0, -0.0, 18446744073709551615]",
    );
  });

  it("has a number alone as TensorFlow Serving writes it", () => {
    assert.equal(print("1.0"), "1.0");
    assert.equal(print("0.1"), "0.1");
    assert.equal(print("0.123456789"), "0.123456791");
    assert.equal(print("1e300"), "1e+300");
    assert.equal(print("NaN"), "NaN");
    assert.equal(print("9223372036854775808"), "9223372036854775808");
    assert.equal(print("36893488147419103232"), "3.68934881e+19");
  });

  it("is cut when it is long", () => {
    const shown = print(`{"a":[${"1,".repeat(1000)}1],"b":"${"x".repeat(100_000)}"}`);
    assert.equal(shown.length, 259);
    assert.ok(shown.endsWith("..."));
  });
});
