import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import { type ByteSource, hashingSource } from "../src/byte-source.ts";
import { sampleBytes } from "./scratch.ts";

const bytes = sampleBytes(200_000);
const digest = createHash("sha256").update(bytes).digest("hex");

/** A source whose reads take the longer the earlier they are asked for. */
function slowSource(failAt?: number): ByteSource {
  let delay = 20;
  return {
    name: "slow",
    size: bytes.length,
    async read(position, target) {
      delay = Math.max(1, delay - 8);
      await new Promise((resolve) => setTimeout(resolve, delay));
      assert.notEqual(position, failAt, "the disk fails");
      target.set(bytes.subarray(position, position + target.length));
    },
  };
}

describe("a hashing source", () => {
  test("gives the digest of all bytes, whatever order its reads end in", async () => {
    const source = hashingSource(slowSource());
    const [a, b, c] = [new Uint8Array(10), new Uint8Array(70_000), new Uint8Array(5)];
    await Promise.all([source.read(0, a), source.read(10, b), source.read(70_010, c)]);
    assert.deepEqual(c, bytes.slice(70_010, 70_015));
    assert.equal(await source.finish(), digest);
  });

  test("waits in the end for reads under way", async () => {
    const source = hashingSource(slowSource());
    const reads = [source.read(0, new Uint8Array(100)), source.read(100, new Uint8Array(bytes.length - 100))];
    assert.equal(await source.finish(), digest);
    await Promise.all(reads);
  });

  test("refuses gaps and second looks", async () => {
    const source = hashingSource(slowSource());
    await source.read(0, new Uint8Array(10));
    assert.throws(() => source.read(11, new Uint8Array(1)), /in order/);
    assert.throws(() => source.read(0, new Uint8Array(1)), /in order/);
  });

  test("gives no digest when a read failed", async () => {
    const source = hashingSource(slowSource(10));
    await source.read(0, new Uint8Array(10));
    await assert.rejects(source.read(10, new Uint8Array(10)), /the disk fails/);
    await assert.rejects(source.finish(), /the disk fails/);
  });

  test("stops when it is told to", async () => {
    const source = hashingSource(slowSource());
    await assert.rejects(source.finish(AbortSignal.abort(new Error("stop"))), /stop/);
  });
});
