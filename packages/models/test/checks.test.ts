import assert from "node:assert/strict";
import { after, test } from "node:test";

import { TensorShapeProto } from "@sealserve/protocol";

import { constantNode, node, typeAttr } from "../src/examples/graph-def.ts";
import { modelError, servingError } from "./fixtures/errors.ts";
import { makeKernel } from "./fixtures/kernel.ts";
import { closeModels, load } from "./fixtures/open-models.ts";
import { savedModelFiles } from "./fixtures/saved-model.ts";
import { doubles, feed, floats, int32s, texts } from "./fixtures/tensors.ts";

after(closeModels);

const shapeAttr = (sizes: readonly number[]) => ({
  shape: TensorShapeProto.create({ dim: sizes.map((size) => ({ size: BigInt(size), name: "" })) }),
});

test("CheckNumerics hands finite numbers on, and fails the run for others", () => {
  const check = makeKernel("CheckNumerics", ["float32"]);
  assert.deepEqual(check.run([floats([2], [1, -2])])[0], floats([2], [1, -2]));
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => check.run([floats([2], [1, value])]), servingError("INVALID_ARGUMENT", /NaN or infinite/));
  }
  assert.deepEqual(makeKernel("CheckNumerics", ["float64"]).run([doubles([], [1])])[0], doubles([], [1]));
  assert.throws(() => makeKernel("CheckNumerics", ["int32"]), modelError("unsupported-op", /int32/));
});

test("EnsureShape hands on what is of its shape", () => {
  const ensure = makeKernel("EnsureShape", ["int32"], { shape: shapeAttr([-1, 2]) });
  assert.deepEqual(ensure.run([int32s([1, 2], [1, 2])])[0], int32s([1, 2], [1, 2]));
  const refused = servingError("INVALID_ARGUMENT", /not compatible with expected shape \[-1,2\]/);
  assert.throws(() => ensure.run([int32s([2], [1, 2])]), refused);
  assert.throws(() => ensure.run([int32s([2, 1], [1, 2])]), refused);
  const any = makeKernel("EnsureShape", ["string"], {
    shape: { shape: TensorShapeProto.create({ unknownRank: true }) },
  });
  assert.deepEqual(any.run([texts(["a"])])[0], texts(["a"]));
});

test("IdentityN hands all on; what would be printed goes nowhere, and is not worked out", async (context) => {
  const written = context.mock.method(process.stderr, "write");
  const model = await load(
    savedModelFiles({
      nodes: [
        node("x", "Placeholder", [], { dtype: typeAttr("float32") }),
        constantNode("one", floats([1], [1])),
        node("both", "IdentityN", ["x", "one"]),
        node("secret", "StringFormat", ["x"]),
        node("printed", "PrintV2", ["secret"]),
        node("shown", "Print", ["both:1", "x"]),
        node("y", "AddV2", ["both", "shown", "^printed"]),
      ],
      signatures: { s: { inputs: { x: ["x:0", "float32"] }, outputs: { y: ["y:0", "float32"] } } },
    }),
  );
  assert.deepEqual(await model.run("s", feed(floats([1], [41])), []), feed(floats([1], [42]), "y"));
  assert.equal(written.mock.callCount(), 0);
});
