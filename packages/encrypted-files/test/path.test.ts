import assert from "node:assert/strict";
import { test } from "node:test";
import { embeddablePath, normalizePath, quoteName } from "../src/path.ts";

for (const [path, normal] of [
  ["models/demo/1/saved_model.pb", "models/demo/1/saved_model.pb"],
  ["./models//demo/1/../1/saved_model.pb", "models/demo/1/saved_model.pb"],
  ["../../a", "../../a"],
  ["a/../../b", "../b"],
  ["/../a/..//b/.", "/b"],
  ["/a/b/", "/a/b"],
  ["a/..", ""],
  ["/", "/"],
] as const) {
  test(`"${path}" is normalised to "${normal}"`, () => {
    assert.equal(normalizePath(path), normal);
  });
}

test("a normalised path stays as it is", () => {
  for (const path of ["../../a", "/b", "a/b"]) {
    assert.equal(normalizePath(normalizePath(path)), path);
  }
});

for (const path of ["", ".", "/", "a/..", "a\0b", "a/\ud800"]) {
  test(`${JSON.stringify(path)} cannot be embedded`, () => {
    assert.throws(() => embeddablePath(path), { code: "invalid-path" });
  });
}

test("a path is measured in bytes of UTF-8, after normalisation", () => {
  assert.equal(embeddablePath(`.//${"n".repeat(771)}`).length, 771);
  assert.throws(() => embeddablePath("n".repeat(772)), { code: "path-too-long", message: /^Path is too long/ });
  assert.throws(() => embeddablePath("è".repeat(386)), { code: "path-too-long", actual: "772 bytes" });
});

test("a name from outside cannot write to the terminal, nor fill it", () => {
  assert.equal(quoteName("a\u001b[2J\n"), '"a\\u001b[2J\\n"');
  assert.ok(quoteName("x".repeat(100_000)).length < 300);
});
