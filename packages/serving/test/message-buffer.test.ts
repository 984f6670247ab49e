import assert from "node:assert/strict";
import { test } from "node:test";
import { ServingError } from "@sealserve/protocol";
import fc from "fast-check";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { MessageBuffer } from "../src/transport/message-buffer.ts";

const MIB = 1 << 20;

test("any way of cutting a message gives the same message, and all memory comes back", () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
  fc.assert(
    fc.property(pieces, fc.boolean(), (chunks, announced) => {
      const whole = Buffer.concat(chunks);
      const budget = new MemoryBudget(MIB);
      const buffer = new MessageBuffer(announced ? whole.length : undefined, MIB, budget);
      for (const chunk of chunks) {
        buffer.append(chunk);
      }
      assert.deepEqual(Buffer.from(buffer.take()), whole);
      buffer.release();
      assert.equal(budget.held, 0);
    }),
  );
});

test("memory follows what came, until the announcement can be believed", () => {
  const budget = new MemoryBudget(1024 * MIB);
  const buffer = new MessageBuffer(512 * MIB, 1024 * MIB, budget);
  const chunk = new Uint8Array(MIB);
  for (let received = 1; received < 32; received++) {
    buffer.append(chunk);
    assert.ok(budget.held >= received * MIB && budget.held < 2 * received * MIB);
  }
  buffer.append(chunk);
  assert.equal(budget.held, 512 * MIB);
  buffer.release();
  assert.equal(budget.held, 0);
});

test("a large message is gone once its memory is given back", () => {
  const buffer = new MessageBuffer(MIB, MIB, new MemoryBudget(MIB));
  buffer.append(new Uint8Array(MIB));
  const message = buffer.take();
  buffer.release();
  assert.equal(message.length, 0);
});

test("a million chunks of one byte cost little more than their bytes", () => {
  const count = 1_000_000;
  for (const announced of [undefined, 512 * MIB]) {
    const budget = new MemoryBudget(1024 * MIB);
    const buffer = new MessageBuffer(announced, 512 * MIB, budget);
    const chunk = new Uint8Array(1);
    for (let index = 0; index < count; index++) {
      // The chunk is used again: a buffer that kept it, not its byte, would see the last value everywhere.
      chunk[0] = index;
      buffer.append(chunk);
    }
    assert.ok(budget.held >= count && budget.held <= 2 * count, `${budget.held} bytes held`);
    if (announced === undefined) {
      assert.ok(buffer.take().every((byte, index) => byte === (index & 0xff)));
    }
    buffer.release();
    assert.equal(budget.held, 0);
  }
});

test("a block that is larger than what came counts as a whole, and never goes above the limit", () => {
  const budget = new MemoryBudget(100);
  const buffer = new MessageBuffer(undefined, 50, budget);
  buffer.append(new Uint8Array(20));
  buffer.append(new Uint8Array(1));
  assert.equal(budget.held, 40);
  buffer.append(new Uint8Array(20));
  assert.equal(budget.held, 50);
  buffer.release();
});

test("limits are kept, announced or not", () => {
  const budget = new MemoryBudget(100);
  const exhausted = (error: unknown): boolean => error instanceof ServingError && error.code === "RESOURCE_EXHAUSTED";
  assert.throws(() => new MessageBuffer(51, 50, budget), exhausted);
  const open = new MessageBuffer(undefined, 50, budget);
  open.append(new Uint8Array(50));
  assert.throws(() => open.append(new Uint8Array(1)), exhausted);
  const second = new MessageBuffer(51, 51, budget);
  assert.throws(() => second.append(new Uint8Array(1)), exhausted);
  open.release();
  second.append(new Uint8Array(51));
  second.release();
  assert.equal(budget.held, 0);
});

test("more or fewer bytes than announced are refused", () => {
  const budget = new MemoryBudget(100);
  const internal = (error: unknown): boolean => error instanceof ServingError && error.code === "INTERNAL";
  const buffer = new MessageBuffer(3, 50, budget);
  buffer.append(new Uint8Array(2));
  assert.equal(buffer.complete, false);
  assert.throws(() => buffer.take(), internal);
  assert.throws(() => buffer.append(new Uint8Array(2)), internal);
});
