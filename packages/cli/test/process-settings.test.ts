import assert from "node:assert/strict";
import { test } from "node:test";
import { SERVER_SETTINGS, v8FlagsOf } from "../src/service/process-settings.ts";

test("what V8 is told leaves out what the user has said", () => {
  assert.deepEqual(v8FlagsOf(SERVER_SETTINGS), ["--max-semi-space-size=4", "--no-parallel-scavenge"]);
  assert.deepEqual(v8FlagsOf({ youngHalfMiB: 2 }), ["--max-semi-space-size=2"]);
  assert.deepEqual(v8FlagsOf(SERVER_SETTINGS, "--max-semi-space-size=16"), ["--no-parallel-scavenge"]);
  assert.deepEqual(v8FlagsOf(SERVER_SETTINGS, "--min_semi_space_size=1 --single-threaded-gc"), []);
});
