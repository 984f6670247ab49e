import assert from "node:assert/strict";
import { test } from "node:test";

import type { AttrValue, Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import { typeAttr } from "../src/examples/graph-def.ts";
import { fingerprint64 } from "../src/interpreter/strings/fingerprint64.ts";
import { printNumber } from "../src/interpreter/strings/print-number.ts";
import { compilePattern, replaceMatches } from "../src/interpreter/strings/regular-expression.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel, runKernel } from "./fixtures/kernel.ts";
import { textAttr } from "./fixtures/operation-case.ts";
import { booleans, doubles, floats, int32s, int64s, texts } from "./fixtures/tensors.ts";

type Attributes = Readonly<Record<string, AttrValue>>;

const run = (...call: Parameters<typeof runKernel>): Tensor => runKernel(...call)[0] as Tensor;
const scalar = (text: string): Tensor => ({ ...texts([text]), shape: [] });
const invalid = (message: RegExp) => servingError("INVALID_ARGUMENT", message);
const replace = (text: string, pattern: string, rewrite: string, attributes: Attributes = {}): Tensor =>
  run("StaticRegexReplace", [texts([text])], { pattern: textAttr(pattern), rewrite: textAttr(rewrite), ...attributes });

test("fingerprints are those of FarmHash, at every length at which it works in another way", () => {
  const letters = (length: number) => Uint8Array.from({ length }, (_, index) => 97 + ((index * 7) % 26));
  const expected: readonly (readonly [number, bigint])[] = [
    [0, 11160318154034397263n],
    [1, 12917804110809363939n],
    [3, 3268219959478574187n],
    [4, 8899178591127745170n],
    [7, 17088493756539222794n],
    [8, 10643460534063147040n],
    [16, 17624453864830929246n],
    [17, 2237273621417572890n],
    [32, 10824083725960157628n],
    [33, 8045080651094301868n],
    [64, 16149515108185634462n],
    [65, 2768067016444695309n],
    [128, 10481128642166395277n],
    [129, 1060550032972533880n],
    [256, 3078584628691648450n],
    [1000, 15018149181615097552n],
  ];
  for (const [length, fingerprint] of expected) {
    assert.equal(fingerprint64(letters(length)), fingerprint, `${length} bytes`);
  }
});

test("StringToHashBucketFast gives TensorFlow's documented buckets", () => {
  const buckets = run("StringToHashBucketFast", [texts(["Hello", "TensorFlow", "2.x"])], { num_buckets: { i: 3n } });
  assert.deepEqual(buckets, int64s([3], [0, 2, 2]));
  assert.throws(
    () => run("StringToHashBucketFast", [texts([])], { num_buckets: { i: 0n } }),
    modelError("unsupported-op"),
  );
  assert.throws(
    () => run("StringToHashBucketFast", [floats([1])], { num_buckets: { i: 1n } }),
    modelError("unsupported-op"),
  );
  const uncountable = { num_buckets: { i: 2n ** 53n + 1n } };
  assert.throws(() => run("StringToHashBucketFast", [texts(["a"])], uncountable), modelError("unsupported-op"));
});

test("StaticRegexReplace replaces matches as RE2 does", () => {
  assert.deepEqual(replace("a.b!c", "[.!]", ""), texts(["abc"]));
  assert.deepEqual(replace("ann bob", "(\\w)(\\w+)", "\\2-\\1\\\\"), texts(["nn-a\\ ob-b\\"]));
  assert.deepEqual(replace("abbc", "b*", "-"), texts(["-a-c-"]));
  assert.deepEqual(replace("éa", "", "-"), texts(["-é-a-"]));
  assert.deepEqual(replace("aaa", "a", "b", { replace_global: { b: false } }), texts(["baa"]));
  assert.deepEqual(replace("aXbx", "(?i)x(b)?", "[\\1]"), texts(["a[b][]"]));
  assert.deepEqual(replace("aa", "^a", "b"), texts(["ba"]));
});

test("RegexReplace takes pattern and rewrite as inputs", () => {
  assert.deepEqual(run("RegexReplace", [texts(["a1", "22"]), scalar("\\d"), scalar("#")]), texts(["a#", "##"]));
  assert.throws(() => run("RegexReplace", [texts(["a"]), scalar("("), scalar("")]), invalid(/Invalid pattern/));
  assert.throws(() => run("RegexReplace", [texts(["a"]), scalar("a"), scalar("\\1")]), invalid(/Invalid rewrite/));
  assert.throws(() => run("RegexReplace", [texts(["a"]), scalar("a"), scalar("\\")]), invalid(/Invalid rewrite/));
  assert.throws(() => run("RegexReplace", [texts(["a"]), texts(["a", "b"]), scalar("")]), invalid(/one string/));
  assert.throws(
    () => run("RegexReplace", [texts(["a"]), scalar("a".repeat(5000)), scalar("")]),
    invalid(/Invalid pattern/),
  );
});

test("RegexFullMatch asks for the whole string", () => {
  assert.deepEqual(run("RegexFullMatch", [texts(["ab", "abc", ""]), scalar("a.")]), booleans([3], [1, 0, 0]));
  assert.deepEqual(run("StaticRegexFullMatch", [texts(["é"])], { pattern: textAttr(".") }), booleans([1], [1]));
});

test("patterns that RE2 lacks, broken ones, and strings that are not UTF-8 are refused", () => {
  for (const pattern of ["(?=a)b", "(a)\\1", "a{1001}", "("]) {
    assert.throws(() => replace("a", pattern, ""), modelError("unsupported-op", /Invalid pattern/), pattern);
  }
  assert.throws(() => replace("a", "a", "\\3"), modelError("unsupported-op", /Invalid rewrite/));
  const broken: Tensor = { dtype: "string", shape: [1], data: [Uint8Array.of(0xff)] };
  assert.throws(() => run("RegexFullMatch", [broken, scalar("a")]), invalid(/not UTF-8/));
});

test("what a long pattern and a long text would take together is bounded", () => {
  const tooLong = servingError("RESOURCE_EXHAUSTED", /too long/);
  const pattern = scalar(".*".repeat(1000));
  assert.throws(() => run("RegexFullMatch", [texts(["a".repeat(100_000)]), pattern]), tooLong);
  assert.throws(() => run("RegexReplace", [texts(["a".repeat(100_000)]), pattern, scalar("")]), tooLong);
});

test("a search that reads the rest of the text for each match ends when the time is over", () => {
  const pattern = compilePattern(Buffer.from("a(?:.*b)?"));
  let searches = 0;
  const clock = {
    expectTime: () => {
      searches++;
      assert.ok(searches <= 3, "over");
    },
  };
  const inputs = [texts(["a".repeat(20_000)]), scalar("a(?:.*b)?"), scalar("x")];
  const kernel = makeKernel("RegexReplace", ["string", "string", "string"]);
  assert.throws(() => kernel.run(inputs, clock), /over/);
  assert.equal(searches, 4);
  assert.equal(replaceMatches(Buffer.from("aa"), pattern, [], true).length, 3);
});

test("a long rewrite does not become as many objects as bytes for each match", () => {
  const long = "xy".repeat(100_000);
  assert.deepEqual(run("RegexReplace", [texts(["aba"]), scalar("a"), scalar(long)]), texts([`${long}b${long}`]));
  const groups = scalar("\\0".repeat(100_000));
  assert.throws(
    () => run("RegexReplace", [texts(["a".repeat(1000)]), scalar("b?"), groups]),
    servingError("RESOURCE_EXHAUSTED", /too large/),
  );
});

test("a pattern that has endless ways to fail takes no longer for it", () => {
  const text = `${"a".repeat(20_000)}!`;
  assert.deepEqual(run("RegexFullMatch", [texts([text]), scalar("(a*)*b")]), booleans([1], [0]));
});

test("matches replaced by themselves leave any text as it is", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "é", "-") }),
      fc.constantFrom("a", "a*", "b+|a", "", "."),
      (text, pattern) => {
        assert.deepEqual(replace(text, pattern, "\\0"), texts([text]));
      },
    ),
  );
});

test("AsString writes numbers as printf does", () => {
  const written = (tensor: Tensor, attributes: Attributes = {}): string[] =>
    (run("AsString", [tensor], attributes).data as readonly Uint8Array[]).map((text) => Buffer.from(text).toString());
  assert.deepEqual(written(int64s([3], [3, -70, 0])), ["3", "-70", "0"]);
  assert.deepEqual(written(booleans([2], [1, 0])), ["true", "false"]);
  assert.deepEqual(written(floats([2], [3.1234567, 2.5])), ["3.123457", "2.500000"]);
  assert.deepEqual(written(floats([1], [3.1234567]), { precision: { i: 2n } }), ["3.12"]);
  assert.deepEqual(written(doubles([2], [1e10, 0.5]), { scientific: { b: true } }), ["1.000000e+10", "5.000000e-01"]);
  assert.deepEqual(written(doubles([3], [1e10, 0.5, 1e-5]), { shortest: { b: true } }), ["1e+10", "0.5", "1e-05"]);
  assert.deepEqual(written(int32s([2], [7, -7]), { width: { i: 4n }, fill: textAttr("0") }), ["0007", "-007"]);
  assert.deepEqual(written(int32s([1], [7]), { width: { i: 3n } }), ["  7"]);
  assert.deepEqual(written(int32s([1], [7]), { width: { i: 3n }, fill: textAttr("-") }), ["7  "]);
  assert.deepEqual(written(int32s([1], [7]), { width: { i: 3n }, fill: textAttr("+") }), [" +7"]);
  assert.deepEqual(written(texts(["as it is"])), ["as it is"]);
  for (const attributes of [{ fill: textAttr("x") }, { precision: { i: 61n } }, { width: { i: 2n ** 20n } }]) {
    assert.throws(() => written(floats([1]), attributes), modelError("unsupported-op"));
  }
  assert.throws(
    () => written(floats([1]), { scientific: { b: true }, shortest: { b: true } }),
    modelError("unsupported-op"),
  );
});

test("numbers are rounded as printf rounds them, ties to even digits", () => {
  assert.equal(printNumber(0.0078125, "fixed", -1), "0.007812");
  assert.equal(printNumber(0.5, "fixed", 0), "0");
  assert.equal(printNumber(1.5, "fixed", 0), "2");
  assert.equal(printNumber(999_999.5, "shortest", -1), "1e+06");
  assert.equal(printNumber(9.5, "scientific", 0), "1e+01");
  assert.equal(printNumber(123_456, "shortest", -1), "123456");
  assert.equal(printNumber(2 ** 80, "fixed", 1), "1208925819614629174706176.0");
  assert.equal(printNumber(-0, "fixed", 1), "-0.0");
  assert.equal(printNumber(0, "scientific", 2), "0.00e+00");
  assert.deepEqual(
    [Number.NaN, Infinity, -Infinity].map((value) => printNumber(value, "shortest", -1)),
    ["nan", "inf", "-inf"],
  );
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e15, max: 1e15 }), (value) => {
      assert.equal(Number(printNumber(value, "scientific", 17)), value);
      assert.ok(Math.abs(Number(printNumber(value, "fixed", 3)) - value) <= 0.0005 + Math.abs(value) * 1e-15);
    }),
  );
});

test("StringToNumber reads what texts spell", () => {
  const read = (values: readonly string[], dtype: "float32" | "int32" | "int64" | "float64") =>
    run("StringToNumber", [texts(values)], { out_type: typeAttr(dtype) });
  assert.deepEqual(read(["1.5", " -2e3 ", ".5", "1."], "float32"), floats([4], [1.5, -2000, 0.5, 1]));
  assert.deepEqual(read(["inf", "-INF", "nan"], "float64"), doubles([3], [Infinity, -Infinity, Number.NaN]));
  assert.deepEqual(read(["+7", "-8"], "int32"), int32s([2], [7, -8]));
  for (const text of ["", "x", "1.5", "0x1", "3000000000", "1e3", "7 8"]) {
    assert.throws(() => read([text], "int32"), invalid(/could not correctly convert/), text);
  }
  assert.throws(() => read([`${"1".repeat(400_000)}x`], "float32"), invalid(/could not correctly convert/));
  for (const text of ["", "1,5", "0x1", "1e", "e1", "."]) {
    assert.throws(() => read([text], "float32"), invalid(/could not correctly convert/), text);
  }
});

test("strings that are made count as the objects that they are", () => {
  const tooMany: Tensor = { dtype: "bool", shape: [2 ** 22], data: new Uint8Array(2 ** 22) };
  assert.throws(() => run("AsString", [tooMany]), servingError("RESOURCE_EXHAUSTED", /too large/));
});

test("NormalizeUTF8 brings texts into a form of Unicode", () => {
  assert.deepEqual(run("NormalizeUTF8", [texts(["ﬁ", "e\u0301"])]), texts(["fi", "é"]));
  assert.deepEqual(run("NormalizeUTF8", [texts(["é"])], { normalization_form: textAttr("nfd") }), texts(["e\u0301"]));
  const broken: Tensor = { dtype: "string", shape: [1], data: [Uint8Array.of(0xc3)] };
  assert.throws(() => run("NormalizeUTF8", [broken]), invalid(/not UTF-8/));
  assert.throws(
    () => run("NormalizeUTF8", [texts([])], { normalization_form: textAttr("x") }),
    modelError("unsupported-op"),
  );
});

test("StringSplitV2 separates at most so many times, and leaves what is behind", () => {
  const split = (text: string, separator: string, most: bigint) =>
    makeKernel("StringSplitV2", ["string", "string"], { maxsplit: { i: most } }).run([
      texts([text]),
      scalar(separator),
    ])[1];
  assert.deepEqual(split(" a  b c ", "", 1n), texts(["a", "b c "]));
  assert.deepEqual(split("a,b,,c", ",", 2n), texts(["a", "b", ",c"]));
  assert.deepEqual(split("a,b", ",", 5n), texts(["a", "b"]));
  assert.deepEqual(split(" a b ", "", 0n), texts([" a b "]));
  assert.deepEqual(split("a ", "", 1n), texts(["a", ""]));
  assert.deepEqual(split("a b", "", 2n), texts(["a", "b", ""]));
  assert.deepEqual(split("a ", "", 2n), texts(["a"]));
  assert.deepEqual(split("  ", "", 1n), texts([]));
  assert.deepEqual(split("a,", ",", 1n), texts(["a", ""]));
});
