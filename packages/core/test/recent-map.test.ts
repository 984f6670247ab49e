import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { RecentMap } from "../src/recent-map.ts";

describe("a map of recent entries", () => {
  it("lets go of the entry that was set longest ago, and of no other", () => {
    const map = new RecentMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("c", 3);
    assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [undefined, 2, 3]);
  });

  it("counts an entry that is set again as new, and one that is read as old as it was", () => {
    const map = new RecentMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 10);
    assert.equal(map.get("b"), 2);
    map.set("c", 3);
    assert.deepEqual([map.get("a"), map.get("b"), map.get("c")], [10, undefined, 3]);
  });
});
