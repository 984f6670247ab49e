import assert from "node:assert/strict";
import { test } from "node:test";
import { CoreError } from "@sealserve/core";
import { ModelError } from "@sealserve/models";
import { ServingError } from "@sealserve/protocol";
import { describeLoadError, printLifeError } from "../../src/life/load-error.ts";

test("errors of ours keep their message, with what was expected, found and helps", () => {
  const missing = new ModelError("no-model", "the version directory holds no model", {
    expected: "saved_model.pb",
    actual: "3 other files",
    remedy: "copy it",
  });
  assert.deepEqual(describeLoadError(missing), {
    code: "NOT_FOUND",
    message: "the version directory holds no model (expected: saved_model.pb; found: 3 other files; remedy: copy it)",
  });
  assert.deepEqual(describeLoadError(new ServingError("DATA_LOSS", "spoiled")), {
    code: "DATA_LOSS",
    message: "spoiled",
  });
  assert.deepEqual(describeLoadError(new ModelError("engine-refused", "no")), { code: "INTERNAL", message: "no" });
  assert.deepEqual(describeLoadError(new CoreError("bad-pem", "no PEM")), { code: "INTERNAL", message: "no PEM" });
});

test("errors of others give their system code and nothing of their text", () => {
  const system = Object.assign(new Error("EACCES: /secret/path"), { code: "EACCES" });
  assert.deepEqual(describeLoadError(system), {
    code: "PERMISSION_DENIED",
    message: "The version cannot be loaded (EACCES)",
  });
  for (const foreign of [new Error("weights 1 2 3"), "weights", undefined]) {
    assert.equal(printLifeError(describeLoadError(foreign)), "INTERNAL: The version cannot be loaded");
  }
});
