import assert from "node:assert/strict";
import { test } from "node:test";

import type { Tensor } from "@sealserve/protocol";

import { buffersOf, type PackedTensor, packCopy, packOwned, unpackTensor } from "../src/engine/packed-tensor.ts";
import { doubles, floats, texts } from "./fixtures/tensors.ts";

/** As the other thread gets them. */
function send(tensors: ReadonlyMap<string, PackedTensor>): Map<string, Tensor> {
  const received = structuredClone(tensors, { transfer: buffersOf(tensors) });
  return new Map([...received].map(([name, tensor]) => [name, unpackTensor(tensor)]));
}

test("tensors come out as they went in", () => {
  const tensors = new Map<string, Tensor>([
    ["floats", floats([2, 3])],
    ["double", doubles([], [0.1])],
    ["half", { dtype: "float16", shape: [1], data: Uint16Array.of(0x3c00) }],
    ["large", { dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
    ["texts", texts(["", "one", "", "zwölf", ""])],
    ["no text", texts([])],
    ["empty", floats([0, 2], [])],
  ]);
  for (const pack of [packCopy, packOwned]) {
    assert.deepEqual(
      send(new Map([...tensors].map(([name, tensor]) => [name, pack(structuredClone(tensor))]))),
      tensors,
    );
  }
});

test("a copy leaves the tensor usable, an owned one is gone", () => {
  const [copied, owned] = [floats([2]), floats([2])];
  send(
    new Map([
      ["copied", packCopy(copied)],
      ["owned", packOwned(owned)],
    ]),
  );
  assert.deepEqual([copied.data.length, owned.data.length], [2, 0]);
});

test("what else lies in the buffers of a tensor neither crosses nor is lost", () => {
  const others = Uint8Array.from({ length: 24 }, (_, index) => index);
  const numbers: Tensor = { dtype: "float32", shape: [2], data: new Float32Array(others.buffer, 8, 2) };
  const strings: Tensor = { dtype: "string", shape: [1], data: [others.subarray(4, 6)] };
  for (const pack of [packCopy, packOwned]) {
    const packed = new Map([numbers, strings].map((tensor) => [tensor.dtype, pack(tensor)] as const));
    const [sent, moved] = [buffersOf(packed).map(({ byteLength }) => byteLength), send(packed)];
    assert.deepEqual(sent, [8, 2, 8]);
    assert.deepEqual([...moved.values()], [numbers, strings]);
  }
  assert.equal(others.length, 24);
});

test("two outputs over one buffer are both moved", () => {
  const shared = floats([2]);
  const received = send(
    new Map([
      ["a", packOwned(shared)],
      ["b", packOwned(shared)],
    ]),
  );
  assert.deepEqual([...received.values()], [floats([2]), floats([2])]);
});
