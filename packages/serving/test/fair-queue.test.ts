import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue } from "../src/rest/decode/fair-queue.ts";

function taken(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.next(); item !== undefined; item = queue.next()) {
    items.push(item);
  }
  return items;
}

test("requesters take turns, and the work of each keeps its order", () => {
  const queue = new FairQueue<string>(10);
  for (const item of ["a1", "a2", "a3", "b1", "c1", "c2"]) {
    assert.equal(queue.add(item.charAt(0), item), undefined);
  }
  assert.deepEqual(taken(queue), ["a1", "b1", "c1", "a2", "c2", "a3"]);
  assert.equal(queue.add("a", "a4"), undefined, "its places are free again");
  assert.deepEqual(taken(queue), ["a4"]);
});

test("without room, the newest of the requester with the most gives way", () => {
  const queue = new FairQueue<string>(4);
  for (const item of ["a1", "a2", "a3", "a4"]) {
    queue.add("a", item);
  }
  assert.equal(queue.add("a", "a5"), "a5");
  assert.equal(queue.add("b", "b1"), "a4");
  assert.equal(queue.add("b", "b2"), "a3");
  assert.equal(queue.add("b", "b3"), "b3", "nobody gets more than the others for coming later");
  assert.equal(queue.add("c", "c1"), "a2");
  assert.deepEqual(taken(queue), ["a1", "b1", "c1", "b2"]);
});

test("what is taken out waits no more", () => {
  const queue = new FairQueue<string>(2);
  queue.add("a", "a1");
  queue.add("b", "b1");
  queue.remove("a", "a1");
  queue.remove("a", "a1");
  queue.remove("b", "other");
  assert.equal(queue.add("c", "c1"), undefined);
  assert.deepEqual(queue.clear(), ["b1", "c1"]);
  assert.deepEqual([queue.next(), queue.clear()], [undefined, []]);
});
