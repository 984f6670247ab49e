import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeUtf8 } from "@sealserve/core";
import { parseRequestList } from "../src/rest/request-list.ts";

const parse = (text: string): string[] =>
  Array.from(parseRequestList(encodeUtf8(text)), ({ verb, body }) => `${verb} ${new TextDecoder().decode(body)}`);

function refuses(text: string, message: RegExp): void {
  assert.throws(() => parse(text), { name: "ServingError", code: "INVALID_ARGUMENT", message }, text);
}

describe("a list of requests", () => {
  it("is a JSON list, or objects one after the other", () => {
    assert.deepEqual(parse(""), []);
    assert.deepEqual(parse("[]"), []);
    assert.deepEqual(parse('{"predict": {"a": [1, {"b": "}"}]} }'), ['predict {"a": [1, {"b": "}"}]}']);
    assert.deepEqual(parse('[ {"classify":{}} , {"regress":\n[1]} ] '), ["classify {}", "regress [1]"]);
    assert.deepEqual(parse('{"predict":{}}\n\n{"predict":{"x":9223372036854775807}}\n'), [
      "predict {}",
      'predict {"x":9223372036854775807}',
    ]);
  });

  it("has objects with exactly one known member", () => {
    refuses('{"generate": {}}', /has a member other than predict, classify, regress$/);
    refuses('{"PREDICT": {}}', /has a member other than/);
    refuses('{"predict": {}, "predict": {}}', /has more than one member/);
    refuses("{}", /^JSON Parse error: Missing a name/);
  });

  it("is refused when it is no JSON, with the place", () => {
    refuses("[", /^JSON Parse error: .* at offset: 1$/);
    refuses('[{"predict": {}}', /^JSON Parse error: Missing a comma or ']'/);
    refuses('[{"predict": {}},]', /^JSON Parse error: Invalid value/);
    refuses('[{"predict": {}} {"predict": {}}]', /^JSON Parse error: Missing a comma/);
    refuses('{"predict": {}}, {"predict": {}}', /^JSON Parse error: Invalid value/);
    refuses('{"predict": {}}]', /^JSON Parse error: Invalid value/);
    refuses('{"predict" {}}', /^JSON Parse error: Missing a colon/);
    refuses('{"predict": {"a"}}', /^JSON Parse error: Missing a colon/);
    refuses("5", /^JSON Parse error: Invalid value/);
  });

  it("may nest a million brackets in a body", () => {
    const brackets = "[".repeat(1e6) + "]".repeat(1e6);
    assert.equal(parse(`{"predict": ${brackets}}`)[0]?.length, "predict ".length + 2e6);
    refuses(`{"predict": ${"[".repeat(1e6)}`, /^JSON Parse error/);
  });
});
