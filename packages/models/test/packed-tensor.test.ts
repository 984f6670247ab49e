import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { buffersOf, type PackedTensor, packCopy, packOwned, unpackTensor } from "../src/engine/packed-tensor.ts";
import { floats } from "./fixtures/tensors.ts";

/** Above what is copied into a parcel. */
const LARGE = 1 << 14;

/** As the other thread gets them. */
function send(tensors: ReadonlyMap<string, PackedTensor>): Map<string, Tensor> {
  const received = structuredClone(tensors, { transfer: buffersOf(tensors) });
  return new Map([...received].map(([name, tensor]) => [name, unpackTensor(tensor)]));
}

test("a copy leaves the tensor usable, a large one that is given is gone, a small one is not moved", () => {
  const [copied, owned, small] = [floats([LARGE]), floats([LARGE]), floats([2])];
  send(
    new Map([
      ["copied", packCopy(copied)],
      ["owned", packOwned(owned)],
      ["small", packOwned(small)],
    ]),
  );
  assert.deepEqual([copied.data.length, owned.data.length, small.data.length], [LARGE, 0, 2]);
});

test("what else lies in the buffers of a tensor neither moves nor is lost", () => {
  const others = Uint8Array.from({ length: 3 * LARGE }, (_, index) => index % 251);
  const numbers: Tensor = { dtype: "float32", shape: [LARGE / 4], data: new Float32Array(others.buffer, 8, LARGE / 4) };
  const strings: Tensor = { dtype: "string", shape: [1], data: [others.subarray(4, LARGE + 4)] };
  for (const pack of [packCopy, packOwned]) {
    const packed = new Map([numbers, strings].map((tensor) => [tensor.dtype, pack(tensor)] as const));
    const [sent, moved] = [buffersOf(packed).map(({ byteLength }) => byteLength), send(packed)];
    assert.deepEqual(sent, [LARGE, LARGE]);
    assert.deepEqual([...moved.values()], [numbers, strings]);
  }
  assert.equal(others.length, 3 * LARGE);
});

test("two outputs over one buffer are both moved", () => {
  const shared = floats([LARGE]);
  const packed = new Map([
    ["a", packOwned(shared)],
    ["b", packOwned(shared)],
  ]);
  assert.deepEqual([...send(packed).values()], [floats([LARGE]), floats([LARGE])]);
});
