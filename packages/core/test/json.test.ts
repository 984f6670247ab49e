import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { CoreError } from "../src/errors.ts";
import { parseStrictJson, sliceJsonMember } from "../src/json/parse.ts";
import { assertRefused } from "./refusal.ts";

const refuses = (text: string) => assertRefused("bad-json", () => parseStrictJson(text));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("strict JSON", () => {
  it("agrees with JSON.parse on what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false, maxDepth: 5 }), fc.nat(3), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!text.includes('"__proto__"'));
        const expected: unknown = JSON.parse(text);
        try {
          assert.equal(JSON.stringify(parseStrictJson(text)), JSON.stringify(expected));
        } catch (error) {
          assert.ok(error instanceof CoreError && hasLooseNumberOrText(expected), text);
        }
      }),
    );
  });

  it("accepts nothing that JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{},:"\\u0-9a-f.eE+\- tnrls]{0,12}$/), (text) => {
        try {
          parseStrictJson(text);
        } catch {
          return;
        }
        JSON.parse(text);
      }),
      { numRuns: 2000 },
    );
  });

  it("resolves every escape", () => {
    assert.equal(parseStrictJson('"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud83d\\uDD12"'), '"\\/\b\f\n\r\té🔒');
  });

  it("returns objects without prototype", () => {
    const value = parseStrictJson('{"constructor":{"toString":1}}');
    assert.ok(value !== null && typeof value === "object");
    assert.equal(Object.getPrototypeOf(value), null);
  });

  it("refuses a member name that stands twice, at any depth and however it is written", () => {
    refuses('{"a":1,"a":1}');
    refuses('{"a":1,"b":2,"\\u0061":3}');
    refuses('[[{"x":{"y":[{"k":1,"k":2}]}}]]');
    assert.doesNotThrow(() => parseStrictJson('[{"a":1},{"a":{"a":2}}]'));
  });

  it("refuses __proto__ as a member name, at any depth and however it is written", () => {
    refuses('{"__proto__":1}');
    refuses('[{"a":{"\\u005f_proto__":{}}}]');
    assert.equal(parseStrictJson('"__proto__"'), "__proto__");
  });

  it("refuses lone surrogates, escaped or not", () => {
    for (const text of ["\\ud800", "\\udc00", "\\udc00\\ud800", "\ud800", "a\udfffb", "\\ud83dx"]) {
      refuses(`"${text}"`);
      refuses(`{"${text}":1}`);
    }
  });

  it("refuses numbers that a double does not hold", () => {
    for (const text of ["9007199254740992", "-9007199254740993", "1e999", "-1.5e400", "1".repeat(400)]) {
      refuses(text);
    }
    assert.equal(parseStrictJson("9007199254740991"), Number.MAX_SAFE_INTEGER);
    assert.equal(parseStrictJson("-0.5E+3"), -500);
  });

  it("refuses what is no JSON", () => {
    for (const text of [
      "",
      " ",
      "01",
      "+1",
      "-",
      "1.",
      ".5",
      "1e",
      "NaN",
      "Infinity",
      "tru",
      "nulL",
      "'a'",
      '"a',
      '"\\',
      '"\\x"',
      '"\\u12"',
      '"\\u12g4"',
      '"\n"',
      '"\u0000"',
      "[1,]",
      "[,1]",
      "[1 2]",
      "[",
      "{",
      '{"a"}',
      '{"a":}',
      '{"a":1,}',
      "{a:1}",
      "{,}",
      "[1}",
      "//x\n1",
      "1 /**/",
      "\ufeff1",
      "\u00a01",
      "undefined",
    ]) {
      refuses(text);
    }
  });

  it("refuses text behind the document", () => {
    refuses("{} {}");
    refuses("[]]");
    refuses("1\0");
    assert.equal(parseStrictJson(" \t\r\n1 \n"), 1);
  });

  it("refuses deep nesting, without using up the stack", () => {
    assert.doesNotThrow(() => parseStrictJson(nested(64)));
    refuses(nested(65));
    refuses(`${'{"a":'.repeat(65)}1${"}".repeat(65)}`);
    refuses("[".repeat(1_000_000));
    assertRefused("bad-json", () => parseStrictJson("[[1]]", { maxDepth: 1 }));
  });

  it("refuses more values than a document has, however they are nested", () => {
    const list = (value: string, count: number) => `[${Array.from({ length: count }, () => value).join(",")}]`;
    assert.doesNotThrow(() => parseStrictJson(list("1", 65_535)));
    refuses(list("1", 65_536));
    refuses(list("{}", 65_536));
    refuses(list('{"a":[""]}', 22_000));
    assertRefused("bad-json", () => parseStrictJson('{"a":[1,2]}', { maxValues: 3 }));
    assert.doesNotThrow(() => parseStrictJson('{"a":[1,2]}', { maxValues: 4 }));
    assertRefused("bad-json", () => sliceJsonMember('{"a":[1,2]}', "a", { maxValues: 2 }));
  });

  it("refuses texts that are too long", () => {
    refuses(`"${"a".repeat(1 << 20)}"`);
    assertRefused("bad-json", () => parseStrictJson("12345", { maxLength: 4 }));
    assert.equal(parseStrictJson("1234", { maxLength: 4 }), 1234);
  });

  it("names the place of an error but not the content", () => {
    assert.throws(
      () => parseStrictJson('{"secret":"hunter2",}'),
      (error) => error instanceof CoreError && error.actual === "at offset 20" && !error.message.includes("hunter2"),
    );
  });
});

describe("slice of a member", () => {
  it("is the exact source text of the value", () => {
    const text = ' {"signature" :"00", "tcbInfo": {"b": 1.0,\n "a":"\\u0041"}\t, "list":[ 1 ]}\n';
    assert.equal(sliceJsonMember(text, "tcbInfo"), '{"b": 1.0,\n "a":"\\u0041"}');
    assert.equal(sliceJsonMember(text, "signature"), '"00"');
    assert.equal(sliceJsonMember(text, "list"), "[ 1 ]");
  });

  it("finds a member whose name is written with escapes", () => {
    assert.equal(sliceJsonMember('{"\\u0061":[]}', "a"), "[]");
  });

  it("parses to the same value as the member in the document", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.nat(2), (value, indent) => {
        const text = JSON.stringify({ before: 0, body: value, after: [] }, null, indent);
        try {
          assert.deepEqual(JSON.parse(sliceJsonMember(text, "body")), JSON.parse(JSON.stringify(value)));
        } catch (error) {
          assert.ok(error instanceof CoreError);
          assertRefused("bad-json", () => parseStrictJson(text));
        }
      }),
    );
  });

  it("refuses documents that the parser refuses", () => {
    for (const text of [
      '{"a":1,"a":2}',
      '{"a":{"b":1,"b":2}}',
      '{"a":1}x',
      '{"a":1',
      "[1]",
      '"a"',
      "",
      '{"b":1}',
      '{"__proto__":1}',
    ]) {
      assertRefused("bad-json", () => sliceJsonMember(text, "a"));
    }
    assertRefused("bad-json", () => sliceJsonMember(`{"a":${nested(64)}}`, "a"));
    assert.doesNotThrow(() => sliceJsonMember(`{"a":${nested(63)}}`, "a"));
    assertRefused("bad-json", () => sliceJsonMember("{}", "toString"));
    assertRefused("bad-json", () => sliceJsonMember('{"a":1}', "a", { maxLength: 6 }));
  });
});

/** What fast-check makes but strict JSON rightly refuses. */
function hasLooseNumberOrText(value: unknown): boolean {
  if (typeof value === "number") {
    return Number.isInteger(value) && !Number.isSafeInteger(value);
  }
  if (typeof value === "string") {
    return !value.isWellFormed();
  }
  return (
    typeof value === "object" &&
    value !== null &&
    Object.entries(value).some(([name, member]) => !name.isWellFormed() || hasLooseNumberOrText(member))
  );
}
