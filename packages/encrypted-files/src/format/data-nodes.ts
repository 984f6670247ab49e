import { randomFillSync } from "node:crypto";
import { NODE_SIZE, nodesFor } from "./layout.ts";
import { KEY_SIZE, openNode, SLOT_SIZE, sealWithKey } from "./node-cipher.ts";

/**
 * Encrypts content as data nodes, each under a fresh key.
 * @param content content bytes of one group; the last node is padded with zeros
 * @param nodes where the encrypted nodes go
 * @param treeNode plaintext of the group's tree node, all zero: gets the key and tag of each node
 */
export function sealDataNodes(content: Uint8Array, nodes: Uint8Array, treeNode: Uint8Array): void {
  const count = nodesFor(content.length);
  // One draw for all keys: a call costs more than its bytes. The tags take the place of every other 16 bytes.
  randomFillSync(treeNode.subarray(0, count * SLOT_SIZE));
  for (let index = 0; index < count; index++) {
    const start = index * NODE_SIZE;
    const slot = slotAt(treeNode, index);
    const plain = paddedNode(content.subarray(start, start + NODE_SIZE));
    slot.set(sealWithKey(slot.subarray(0, KEY_SIZE), plain, nodes.subarray(start, start + NODE_SIZE)), KEY_SIZE);
    if (plain.buffer !== content.buffer) {
      plain.fill(0);
    }
  }
}

/**
 * Decrypts and checks data nodes that stand behind each other in `nodes`, and writes their content into `target`, which may
 * end within the last node. Stops at the first node whose tag does not fit; `target` then holds content of checked nodes only.
 * @param treeNode plaintext of the group's tree node
 * @param first index in the group of the first of these nodes
 * @returns index in the group of the node whose tag does not fit, or undefined
 */
export function openDataNodes(
  treeNode: Uint8Array,
  first: number,
  nodes: Uint8Array,
  target: Uint8Array,
): number | undefined {
  const count = nodesFor(target.length);
  for (let index = 0; index < count; index++) {
    const start = index * NODE_SIZE;
    const plain = openNode(slotAt(treeNode, first + index), nodes.subarray(start, start + NODE_SIZE));
    if (plain === undefined) {
      return first + index;
    }
    target.set(plain.subarray(0, target.length - start), start);
    wipeAndFree(plain);
  }
  return undefined;
}

/** As garbage the copies of all nodes would lie in memory as plaintext, as much as the whole content, until they are collected. */
function wipeAndFree(plain: Uint8Array<ArrayBuffer>): void {
  plain.fill(0);
  if (plain.buffer.byteLength === plain.length) {
    plain.buffer.transfer(0);
  }
}

function slotAt(treeNode: Uint8Array, index: number): Uint8Array {
  return treeNode.subarray(index * SLOT_SIZE, (index + 1) * SLOT_SIZE);
}

function paddedNode(content: Uint8Array): Uint8Array {
  if (content.length === NODE_SIZE) {
    return content;
  }
  const node = new Uint8Array(NODE_SIZE);
  node.set(content);
  return node;
}
