import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeResults } from "./judge.ts";
import type { TestResult } from "./run-tests.ts";

const FILE = "packages/core/test/some.test.ts";
const ENTRY = { file: FILE, tests: /^needs Node$/, missing: "node:crypto", reason: "its oracle is OpenSSL" };

function judged(result: Omit<TestResult, "name">): string {
  const [first] = judgeResults(FILE, [{ name: "needs Node", ...result }], [ENTRY]);
  return `${first?.outcome}: ${first?.detail}`;
}

describe("a test that is listed as needing Node", () => {
  it("counts as skipped when it fails for what is listed", () => {
    const result = judged({ outcome: "failed", missing: "node:crypto", detail: "stack" });
    assert.equal(result, "skipped: its oracle is OpenSSL (no node:crypto)");
  });

  it("fails when it fails for anything else", () => {
    assert.equal(judged({ outcome: "failed", detail: "stack" }), "failed: stack");
    assert.equal(judged({ outcome: "failed", missing: "node:net", detail: "stack" }), "failed: stack");
  });

  it("fails when it passes or is skipped by itself", () => {
    assert.match(judged({ outcome: "passed" }), /^failed: .* but passed$/);
    assert.match(judged({ outcome: "skipped" }), /^failed: .* but skipped$/);
  });

  it("fails when it is not there", () => {
    const results = judgeResults(FILE, [{ name: "another", outcome: "passed" }], [ENTRY]);
    assert.deepEqual(
      results.map(({ outcome }) => outcome),
      ["passed", "failed"],
    );
  });
});

describe("a test that is not listed", () => {
  it("fails when it asks for something of Node", () => {
    const result: TestResult = { name: "other", outcome: "failed", missing: "node:crypto", detail: "stack" };
    assert.deepEqual(judgeResults(FILE, [result], [{ ...ENTRY, file: "another.test.ts" }]), [result]);
  });
});
