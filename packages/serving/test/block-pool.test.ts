import assert from "node:assert/strict";
import { test } from "node:test";
import { BlockPool } from "../src/transport/block-pool.ts";
import { MemoryBudget } from "../src/transport/memory-budget.ts";
import { MessageBuffer } from "../src/transport/message-buffer.ts";

const MIB = 1 << 20;

test("a block is used again, and whoever had it before sees nothing of that", () => {
  const pool = new BlockPool();
  const first = pool.take(MIB).fill(1);
  pool.give(first);
  assert.equal(first.length, 0);
  assert.equal(pool.keptBytes, MIB);
  const second = pool.take(MIB);
  assert.equal(second[0], 1, "the same memory");
  assert.equal(pool.keptBytes, 0);
  assert.notEqual(pool.take(MIB).buffer, second.buffer, "a block belongs to one at a time");
});

test("a block is at least as large as asked for, and at most twice as large", () => {
  const pool = new BlockPool();
  pool.give(new Uint8Array(2 * MIB));
  for (const size of [2 * MIB + 1, MIB - 1, 100]) {
    assert.equal(pool.sizeFor(size), size);
    assert.equal(pool.take(size).length, size);
  }
  assert.equal(pool.sizeFor(MIB), 2 * MIB);
  assert.equal(pool.take(MIB).length, 2 * MIB);
});

test("little is kept, and rather what came last", () => {
  const pool = new BlockPool();
  for (let count = 1; count <= 40; count++) {
    pool.give(new Uint8Array(MIB).fill(count));
  }
  assert.equal(pool.keptBytes, 16 * MIB);
  assert.equal(pool.take(MIB)[0], 40);
  pool.give(new Uint8Array(16 * MIB));
  assert.equal(pool.keptBytes, 16 * MIB, "the oldest give way");
  const [small, huge] = [new Uint8Array(1000), new Uint8Array(17 * MIB)];
  pool.give(small);
  pool.give(huge);
  assert.equal(pool.keptBytes, 16 * MIB);
  assert.equal(huge.length, 0, "freed at once");
});

test("a block that was moved to another thread is not there to be kept", () => {
  const pool = new BlockPool();
  const block = new Uint8Array(MIB);
  structuredClone(block, { transfer: [block.buffer] });
  pool.give(block);
  assert.equal(pool.keptBytes, 0);
});

test("a message has nothing of those before it in its memory, and counts all of it", () => {
  const budget = new MemoryBudget(100 * MIB);
  const receive = (size: number, value: number): MessageBuffer => {
    const buffer = new MessageBuffer(undefined, 50 * MIB, budget);
    buffer.append(new Uint8Array(size).fill(value));
    return buffer;
  };
  const first = receive(2 * MIB, 1);
  const firstBytes = first.take();
  first.release();
  assert.equal(firstBytes.length, 0);
  const second = receive(MIB, 2);
  assert.equal(budget.held, 2 * MIB);
  const { buffer, length } = second.take();
  assert.equal(length, MIB);
  const all = new Uint8Array(buffer);
  assert.equal(all.length, 2 * MIB, "the first message's block");
  assert.ok(all.every((value, index) => value === (index < length ? 2 : 0)));
  second.release();
  assert.equal(budget.held, 0);
});
