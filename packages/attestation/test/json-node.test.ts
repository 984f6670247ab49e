import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AttestationError } from "../src/errors.ts";
import { JsonNode } from "../src/json/json-node.ts";

/** What a refusal says, all of it. */
function refusalOf(read: () => unknown): AttestationError {
  try {
    read();
  } catch (cause) {
    assert.ok(cause instanceof AttestationError, String(cause));
    return cause;
  }
  return assert.fail("nothing was refused");
}

function nodeOf(value: unknown): JsonNode {
  return new JsonNode(value, "policy-invalid", "policy");
}

describe("a refusal", () => {
  it("names the member by its way, and shows what stands there", () => {
    const { message, expected, actual } = refusalOf(() =>
      nodeOf({ a: [{ b: "x" }] })
        .member("a")
        .elements(1, 1)[0]
        ?.member("b")
        .integer(7),
    );
    assert.equal(message, "policy: a[0].b is not as expected");
    assert.deepEqual([expected, actual], ["a whole number from 0 to 7", '"x"']);
    const unknown = refusalOf(() => nodeOf({ mrenclave: 1 }).expectOnly(["mrEnclave"]));
    assert.deepEqual([unknown.message, unknown.actual], ["policy: member mrenclave is unknown", "mrenclave"]);
  });

  it("shows text of somebody else's choice on one line, in ASCII and no longer than a line", () => {
    const texts = [
      "\n2026-03-01 accepted",
      "\u001b[2J",
      "\u202egnp.exe",
      "\u2028",
      'a" b',
      "x".repeat(1 << 20),
      "\ud83d".repeat(200),
      "",
    ];
    for (const text of texts) {
      for (const { message, actual = "" } of [
        refusalOf(() => nodeOf({ [text]: 1 }).expectOnly(["a"])),
        refusalOf(() => nodeOf(text).integer(1)),
        refusalOf(() => nodeOf([text]).elements(1, 1)[0]?.oneOf(["a"])),
      ]) {
        assert.match(message, /^[ -~]{1,700}$/);
        assert.match(actual, /^"[ -~]{0,700}"$/);
      }
    }
  });
});
