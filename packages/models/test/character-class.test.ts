// A class of ASCII characters is replaced as any other pattern is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";

import { asciiClassOf } from "../src/interpreter/strings/character-class.ts";
import { compilePattern, parseRewrite, replaceMatches } from "../src/interpreter/strings/regular-expression.ts";

const PUNCTUATION = "[!\"#$%&()\\*\\+,-\\./:;<=>?@\\[\\\\\\]^_`{|}~\\']";

function replaced(pattern: string, rewrite: string, text: string, all: boolean): string {
  const compiled = compilePattern(Buffer.from(pattern));
  const parts = parseRewrite(Buffer.from(rewrite), compiled);
  return Buffer.concat(replaceMatches(Buffer.from(text), compiled, parts, all)).toString();
}

test("classes of ASCII characters give what the same pattern in a group gives", () => {
  const texts = fc.string({
    unit: fc.constantFrom("a", "b", "é", "世", "-", ".", "[", "]", "^", "\\", "'", "0"),
    maxLength: 12,
  });
  const patterns = fc.constantFrom(PUNCTUATION, "[a-b]", "[.]", "[a^]", "[--.]", "[\\]\\[]");
  const rewrites = fc.constantFrom("", "<\\0>", "x");
  fc.assert(
    fc.property(patterns, rewrites, texts, fc.boolean(), (pattern, rewrite, text, all) => {
      assert.ok(asciiClassOf(compilePattern(Buffer.from(pattern))), pattern);
      assert.equal(replaced(pattern, rewrite, text, all), replaced(`(?:${pattern})`, rewrite, text, all));
    }),
    { seed: 1 },
  );
});

test("what may match other characters, or more than one, is no such class", () => {
  for (const pattern of [
    "[^a]",
    "[é]",
    "[\\pL]",
    "[\\W]",
    "[[:^alpha:]]",
    "[a][b]",
    "[a]+",
    "a",
    "(?i)[k]",
    "[\\x{e9}]",
  ]) {
    assert.equal(asciiClassOf(compilePattern(Buffer.from(pattern))), undefined, pattern);
  }
});
