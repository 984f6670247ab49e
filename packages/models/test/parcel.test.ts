import assert from "node:assert/strict";
import { test } from "node:test";

import { dataTypes, isNumberData, makeNumbers, type Tensor } from "@sealserve/protocol";
import fc from "fast-check";

import type { EngineMessage, EngineReply } from "../src/engine/messages.ts";
import { buffersOf, type PackedTensor, packCopy, packOwned, unpackTensor } from "../src/engine/packed-tensor.ts";
import { packParcel, unpackParcel } from "../src/engine/parcel.ts";
import { doubles, floats, texts } from "./fixtures/tensors.ts";

type Message = EngineMessage | EngineReply;

const packAll = (tensors: ReadonlyMap<string, Tensor>, pack = packCopy): Map<string, PackedTensor> =>
  new Map([...tensors].map(([name, tensor]) => [name, pack(tensor)]));

/** What comes out at the other thread. */
function send(messages: readonly Message[]): Message[] {
  const buffers = messages.flatMap((message) => {
    return message.kind === "run"
      ? buffersOf(message.inputs)
      : message.kind === "done"
        ? buffersOf(message.outputs)
        : [];
  });
  return unpackParcel(structuredClone(packParcel(messages), { transfer: buffers }));
}

const run = (id: number, tensors: ReadonlyMap<string, Tensor>, pack = packCopy): Message => ({
  kind: "run",
  id,
  signature: "s",
  inputs: packAll(tensors, pack),
  outputs: ["y", "z"],
});
const done = (id: number, tensors: ReadonlyMap<string, Tensor>, pack = packCopy): Message => ({
  kind: "done",
  id,
  outputs: packAll(tensors, pack),
});

/** The tensors of a run, or of what it gave. */
function tensorsOf(message: Message | undefined): Map<string, Tensor> {
  const packed = message?.kind === "run" ? message.inputs : message?.kind === "done" ? message.outputs : new Map();
  return new Map(Array.from(packed, ([name, tensor]) => [name, unpackTensor(tensor)]));
}

test("tensors of every type and size come out as they went in", () => {
  const numbers = dataTypes.flatMap(({ name: dtype }): [string, Tensor][] => {
    if (dtype === "string" || dtype === "resource" || dtype === "variant") {
      return [];
    }
    const width = dtype.startsWith("complex") ? 2 : 1;
    return [1, 5000].map((size) => [
      `${dtype} ${size}`,
      { dtype, shape: [size], data: makeNumbers(dtype, size * width) },
    ]);
  });
  const tensors = new Map<string, Tensor>([
    ...numbers,
    ["odd", { dtype: "uint8", shape: [3], data: Uint8Array.of(1, 2, 3) }],
    ["floats", floats([2, 3])],
    ["double", doubles([], [0.1])],
    ["integer", { dtype: "int64", shape: [1], data: BigInt64Array.of(-(2n ** 63n)) }],
    ["texts", texts(["", "one", "", "zwölf", ""])],
    ["long text", texts(["a".repeat(9000), "b"])],
    ["many texts", texts(Array.from({ length: 2000 }, (_, index) => `${index}`))],
    ["no text", texts([])],
    ["empty", floats([0, 2], [])],
    ["", floats([1])],
  ]);
  for (const pack of [packCopy, packOwned]) {
    const messages = [run, done].map((make, index) => make(index, structuredClone(tensors), pack));
    for (const message of send(messages)) {
      assert.deepEqual(tensorsOf(message), tensors);
    }
  }
});

test("messages of all kinds come out in their order, with what is in them", () => {
  const none = new Map<string, Tensor>();
  const messages: Message[] = [
    { kind: "withdraw", id: 7 },
    run(1, none),
    { kind: "close", id: 2 },
    done(3, none),
    { kind: "closed", id: 4 },
    { ...run(5, none), outputs: [] } as Message,
  ];
  assert.deepEqual(send(messages), messages);
  assert.deepEqual(send([]), []);
});

test("a name that is one of ours is a name", () => {
  const tensors = new Map([
    ["run", floats([1])],
    ["done", floats([2])],
  ]);
  const message: Message = { ...run(1, tensors), signature: "done", outputs: ["run", "__proto__"] } as Message;
  assert.deepEqual(send([message, run(2, tensors)]), [message, run(2, tensors)]);
});

test("requests that cross together share neither values nor memory (E3)", () => {
  const request = fc.record({
    size: fc.nat(40),
    text: fc.string(),
    dtype: fc.constantFrom("uint8", "int16", "int32"),
  });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 20 }), (requests) => {
      const given = requests.map(({ size, text, dtype }, index) => {
        const data = makeNumbers(dtype as "uint8", size) as Uint8Array;
        return new Map<string, Tensor>([
          ["x", { dtype: dtype as "uint8", shape: [size], data: data.fill(index + 1) }],
          ["text", texts([text, `${index}`])],
        ]);
      });
      const received = send(given.map((tensors, index) => run(index, tensors))).map(tensorsOf);
      assert.deepEqual(received, given);
      const buffers = received.flatMap((tensors) => {
        const data = tensors.get("x")?.data;
        return data !== undefined && isNumberData(data) ? [data.buffer] : [];
      });
      assert.equal(new Set(buffers).size, requests.length);
      for (const [index, buffer] of buffers.entries()) {
        assert.ok(new Uint8Array(buffer).every((byte) => byte === 0 || byte === index + 1));
      }
    }),
  );
});

test("between arrays of odd sizes a parcel holds nothing but zeros", () => {
  const odd = (value: number): Tensor => ({ dtype: "uint8", shape: [3], data: new Uint8Array(3).fill(value) });
  packParcel([run(1, new Map([["x", odd(0xee)]]))]);
  const { values } = packParcel([1, 2].map((id) => run(id, new Map([["x", odd(0xff)]]))));
  assert.deepEqual([...values], [255, 255, 255, 0, 0, 0, 0, 0, 255, 255, 255, 0, 0, 0, 0, 0]);
});
