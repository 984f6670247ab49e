import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProofCache } from "../src/verify/proof-cache.ts";

/** A cache that notes what it has proven. */
function counted(capacity: number) {
  const cache = new ProofCache<string>(capacity);
  const proven: string[] = [];
  const find = (key: string): Promise<string> =>
    cache.find(key, async () => {
      proven.push(key);
      return `proof of ${key}`;
    });
  return { cache, proven, find };
}

describe("a cache of proofs", () => {
  it("proves what it has not seen, once", async () => {
    const { proven, find } = counted(4);
    for (const key of ["a", "b", "a", "a", "b"]) {
      assert.equal(await find(key), `proof of ${key}`);
    }
    assert.deepEqual(proven, ["a", "b"]);
  });

  it("tells keys apart to the last character", async () => {
    const { proven, find } = counted(16);
    const keys = ["", "a", "A", "a ", "a\0", "\u00e9", "e\u0301", "__proto__", "constructor"];
    for (const key of [...keys, ...keys]) {
      assert.equal(await find(key), `proof of ${key}`);
    }
    assert.deepEqual(proven, keys);
  });

  it("does not keep a proof that failed, and lets the next attempt succeed", async () => {
    const { cache, proven, find } = counted(4);
    const fail = (): Promise<string> => Promise.reject(new RangeError("not proven"));
    for (const _ of [1, 2]) {
      await assert.rejects(cache.find("a", fail), RangeError);
    }
    assert.equal(await find("a"), "proof of a");
    assert.equal(await cache.find("a", fail), "proof of a");
    assert.deepEqual(proven, ["a"]);
    await assert.rejects(cache.find("b", fail), RangeError);
  });

  it("does not let a failed proof push out a good one", async () => {
    const { cache, proven, find } = counted(2);
    await find("a");
    await find("b");
    for (let index = 0; index < 10; index++) {
      await assert.rejects(
        cache.find(`bad ${index}`, () => Promise.reject(new RangeError("not proven"))),
        RangeError,
      );
    }
    await find("a");
    await find("b");
    assert.deepEqual(proven, ["a", "b"]);
  });

  it("keeps no more than its capacity, and lets go what was not used for the longest time", async () => {
    const { proven, find } = counted(3);
    for (const key of ["a", "b", "c", "a", "d"]) {
      await find(key);
    }
    proven.length = 0;
    for (const key of ["a", "c", "d"]) {
      await find(key);
    }
    assert.deepEqual(proven, []);
    await find("b");
    assert.deepEqual(proven, ["b"]);
    await find("a");
    assert.deepEqual(proven, ["b", "a"]);
  });

  it("gives each of several askers at once a proof, and stays within its capacity", async () => {
    const { proven, find } = counted(2);
    const keys = ["a", "b", "c", "a", "b", "c"];
    assert.deepEqual(
      await Promise.all(keys.map(find)),
      keys.map((key) => `proof of ${key}`),
    );
    proven.length = 0;
    await Promise.all(["a", "b", "c"].map(find));
    assert.ok(proven.length >= 1, "at most two were kept");
  });
});
