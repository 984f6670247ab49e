import assert from "node:assert/strict";
import { test } from "node:test";
import { quoteText } from "../src/rest/json/quote.ts";

const escapes = [
  ['"', '\\"'],
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\u0001", "\\u0001"],
  ["\u001f", "\\u001F"],
] as const;

for (const length of [0, 1, 63, 64, 65, 1000]) {
  test(`what must be escaped is, and nothing else, in a text of ${length} characters`, () => {
    for (const plain of ["a", "\u007f", "/", "ü", "\ud800"]) {
      const text = plain.repeat(length);
      assert.equal(quoteText(text), `"${text}"`);
      for (const [character, escaped] of escapes) {
        assert.equal(quoteText(character + text), `"${escaped}${text}"`);
        assert.equal(quoteText(text + character), `"${text}${escaped}"`);
      }
    }
  });
}
