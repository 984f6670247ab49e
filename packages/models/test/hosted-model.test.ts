import assert from "node:assert/strict";
import { test } from "node:test";

import { hostModel } from "../src/engine/hosted-model.ts";
import { makeHalfPlusTwo } from "../src/examples/half-plus-two.ts";
import { makeNode } from "../src/onnx/write.ts";
import { modelError } from "./fixtures/errors.ts";
import { onnxFiles } from "./fixtures/onnx.ts";
import { feed, floats } from "./fixtures/tensors.ts";

const load = { tags: undefined, threads: 1, givenUp: new Uint8Array(new SharedArrayBuffer(1)) };

test("files are overwritten and freed once the model stands, which goes on giving the same", async () => {
  for (const [files, shape] of [
    [shared(makeHalfPlusTwo()), [2]],
    [onnxFiles(), [1, 2]],
  ] as const) {
    const kept = new Map([...files, ...shared([["assets/words.txt", Uint8Array.of(1)]])]);
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
  const broken = shared([["model.onnx", Uint8Array.of(1, 2, 3)]]);
  await assert.rejects(hostModel({ ...load, source: broken }), modelError("bad-onnx"));
  expectWiped(broken);
  const unknown = onnxFiles({ node: [makeNode("NoSuchOperation", ["x"], ["y"])] });
  await assert.rejects(hostModel({ ...load, source: unknown }), modelError("engine-refused"));
  expectWiped(unknown);
});

test("a model that nobody waits for any more is not put into the engine, and is overwritten", async () => {
  const files = shared(makeHalfPlusTwo());
  const givenUp = new Uint8Array(new SharedArrayBuffer(1)).fill(1);
  await assert.rejects(hostModel({ ...load, source: files, givenUp }), modelError("closed", /nobody waits/));
  expectWiped(files);
});

/** The files in memory that stays visible when the model has been read. */
function shared(files: Iterable<readonly [string, Uint8Array]>): Map<string, Uint8Array> {
  const copy = (bytes: Uint8Array): Uint8Array => {
    const target = new Uint8Array(new SharedArrayBuffer(bytes.length));
    target.set(bytes);
    return target;
  };
  return new Map([...files].map(([path, bytes]) => [path, copy(bytes)]));
}

/** Those in shared memory are zeros, the others are free. */
function expectWiped(files: ReadonlyMap<string, Uint8Array>): void {
  for (const [path, { buffer, length }] of files) {
    const zeros = buffer instanceof SharedArrayBuffer && new Uint8Array(buffer).every((byte) => byte === 0);
    assert.ok(zeros ? length > 0 : length === 0, path);
  }
}
