import assert from "node:assert/strict";
import { test } from "node:test";

import { hostModel } from "../src/engine/hosted-model.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { makeNode } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { feed, floats } from "./fixtures/tensors.ts";

const load = { tags: undefined, threads: 1 };

test("files are overwritten once the model stands, which goes on giving the same", async () => {
  for (const [files, shape] of [
    [makeHalfPlusTwo(), [2]],
    [onnxFiles(), [1, 2]],
  ] as const) {
    const kept = new Map([...files, ["assets/words.txt", Uint8Array.of(1)]]);
    const model = await hostModel({ ...load, source: kept });
    expectWiped(kept);
    const signature = model.callables.get("serving_default");
    for (let times = 0; times < 2; times++) {
      const output = await signature?.run(feed(floats(shape, [1, 2])), ["y"]);
      assert.deepEqual(output?.get("y"), floats(shape, files.has("model.onnx") ? [2, 4] : [2.5, 3]));
    }
    await model.release();
  }
});

test("they are overwritten too when the model is refused, by its readers or by the engine", async () => {
  const broken = new Map([["model.onnx", Uint8Array.of(1, 2, 3)]]);
  await assert.rejects(hostModel({ ...load, source: broken }), modelError("bad-onnx"));
  expectWiped(broken);
  const unknown = onnxFiles({ node: [makeNode("NoSuchOperation", ["x"], ["y"])] });
  await assert.rejects(hostModel({ ...load, source: unknown }), modelError("engine-refused"));
  expectWiped(unknown);
});

function expectWiped(files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, bytes] of files) {
    assert.ok(bytes.length > 0 && bytes.every((byte) => byte === 0), path);
  }
}
