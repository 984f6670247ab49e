import assert from "node:assert/strict";
import { test } from "node:test";
import { groupContent, groupPosition, hasChildren, layoutOf, parentOf } from "../src/format/layout.ts";

for (const [contentSize, dataNodes, treeNodes] of [
  [0, 0, 0],
  [3072, 0, 0],
  [3073, 1, 1],
  [7168, 1, 1],
  [7169, 2, 1],
  [396288, 96, 1],
  [396289, 97, 2],
  [12979200, 96 * 33, 33],
  [12979201, 96 * 33 + 1, 34],
  [415632384, 96 * 1057, 1057],
] as const) {
  test(`${contentSize} bytes take ${dataNodes} data nodes and ${treeNodes} tree nodes`, () => {
    const hostSize = (1 + dataNodes + treeNodes) * 4096;
    assert.deepEqual(layoutOf(contentSize), { contentSize, dataNodes, treeNodes, hostSize });
  });
}

test("tree node 33 is the first of the third level, below tree node 1", () => {
  assert.deepEqual([1, 32, 33, 64, 65, 1056, 1057].map(parentOf), [0, 0, 1, 1, 2, 32, 33]);
});

test("a tree node has children from the group on that the next level begins with", () => {
  assert.equal(hasChildren(layoutOf(396288), 0), false);
  assert.equal(hasChildren(layoutOf(396289), 0), true);
  assert.equal(hasChildren(layoutOf(12979200), 1), false);
  assert.equal(hasChildren(layoutOf(12979201), 1), true);
});

test("groups follow each other without gaps, in the host file and in the content", () => {
  const layout = layoutOf(396288 + 10);
  assert.deepEqual([groupPosition(0), groupPosition(1)], [4096, 4096 + 97 * 4096]);
  assert.deepEqual(groupContent(layout, 0), { start: 3072, length: 96 * 4096 });
  assert.deepEqual(groupContent(layout, 1), { start: 396288, length: 10 });
});
