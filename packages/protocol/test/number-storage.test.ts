import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJsonObject } from "../src/rest/json/document.ts";
import { NumberBlock } from "../src/rest/json/node.ts";
import { NumberStorage } from "../src/rest/json/number-storage.ts";
import { type PredictSignature, parsePredictBody } from "../src/rest/predict-body.ts";
import { bytesOf, valuesOf } from "./fixtures.ts";

const signature: PredictSignature = { inputs: new Map([["x", "float32"]]) };

function read(list: string, storage?: NumberStorage): unknown[] {
  const x = parsePredictBody(bytesOf(`{"inputs":${list}}`), signature, {}, storage).inputs.get("x");
  assert.ok(x !== undefined);
  return [...valuesOf(x)];
}

describe("a storage of numbers", () => {
  it("serves one document after the other, whatever their sizes", () => {
    const storage = new NumberStorage();
    const lists = [10, 100_000, 3, 0, 300_000, 5].map(
      (length, step) =>
        `[${Array(length)
          .fill(step + 0.5)
          .join()}]`,
    );
    for (const list of lists) {
      assert.deepEqual(read(list, storage), read(list));
      storage.release();
    }
  });

  it("keeps its room, but not that for very many numbers", () => {
    const storage = new NumberStorage();
    read(`[${"1,".repeat(200_000)}1]`, storage);
    const { capacity } = storage;
    storage.release();
    read("[1]", storage);
    assert.ok(capacity > 200_000 && storage.capacity === capacity);
    read(`[${"1,".repeat(530_000)}1]`, storage);
    storage.release();
    assert.equal(storage.capacity, 0);
  });

  it("shows no document the numbers of another", () => {
    const storage = new NumberStorage();
    const first = parseJsonObject(bytesOf('{"x":[1,2,3]}'), new Set(["x"]), {}, storage);
    const block = first.members.get("x");
    assert.ok(block instanceof NumberBlock);
    assert.equal(first.numbers.float64(block.from), 1);
    parseJsonObject(bytesOf('{"x":[7,8,9]}'), new Set(["x"]), {}, storage);
    assert.equal(first.numbers.length, 0);
    assert.equal(Number.isNaN(first.numbers.float64(block.from)), true);
  });
});
