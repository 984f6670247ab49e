// How many of the operations that public SavedModels use can be planned, by the table in ../shared/models/savedmodel-ops.md.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { isPlannable } from "@sealserve/models";

/** How many are covered: this number may only grow. */
const COVERED = 132;
/** Folded when a model is read: constants, variables, placeholders, calls of functions. */
const STRUCTURE = "graph structure and variables";

const file = fileURLToPath(new URL("../../../shared/models/savedmodel-ops.md", import.meta.url));
const skip = existsSync(file) ? false : `the table of operations is not there: ${file}`;

test("the operations that public models use are covered", { skip }, (context) => {
  const rows = [...readFileSync(file, "utf8").matchAll(/^\| (\w+) \| (\d+) \| \d+ \| ([^|]+) \|/gm)];
  const operations = rows
    .filter(([, , , family]) => family !== STRUCTURE)
    .map(([, op = "", models]) => ({ op, models }));
  const missing = operations.filter(({ op }) => !isPlannable(op));
  context.diagnostic(`${operations.length - missing.length} of ${operations.length} operations are covered`);
  context.diagnostic(`missing: ${missing.map(({ op, models }) => `${op} (${models} models)`).join(", ")}`);
  assert.ok(operations.length > 100, "the table has its rows");
  assert.ok(operations.length - missing.length >= COVERED, "operations that were covered no longer are");
});
