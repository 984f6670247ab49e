import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { isPlannable, LEFT_OUT } from "@sealserve/models";

import { operationsPage } from "../../../scripts/operations-page.ts";
import { node, typeAttr } from "../src/examples/graph-def.ts";
import { prepareSavedModel } from "../src/prepare-saved-model.ts";
import { modelError } from "./fixtures/errors.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";

test("the page about operations says what the tables say (npm run operations-page)", async () => {
  assert.equal(await readFile(new URL("../../../docs/operations.md", import.meta.url), "utf8"), operationsPage());
});

test("what is left out is really not run, and is refused with the reason", () => {
  for (const { ops, examples, reason } of LEFT_OUT) {
    for (const op of examples) {
      assert.match(op, ops);
      assert.ok(!isPlannable(op), op);
      const files = savedModelFiles({
        nodes: [node("x", "Placeholder", [], { dtype: typeAttr("float32") }), node("y", op, ["x"])],
        signatures: { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } },
      });
      assert.throws(
        () => prepareSavedModel(files),
        modelError("unsupported-op", new RegExp(`^operation ${op} .* 1 node needs it; ${reason}$`)),
      );
    }
  }
});
