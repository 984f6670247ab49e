import {
  CHILDREN_PER_TREE_NODE,
  type ContentLayout,
  DATA_NODES_PER_GROUP,
  groupPosition,
  hasChildren,
  NODE_SIZE,
  nodesFor,
  parentOf,
} from "./layout.ts";
import { SLOT_SIZE, sealNode } from "./node-cipher.ts";

/** An encrypted node, and where it belongs in the host file. */
export type PlacedNode = { readonly position: number; readonly node: Uint8Array };

/**
 * Encrypts the nodes behind the metadata node, each under a fresh key. Groups come in order, with {@link sealGroup};
 * tree nodes that have children wait for their children's tags, and come out of {@link finish}.
 *
 * Memory: 4 KiB for each waiting tree node, that is for about every 12 MiB of content.
 */
export class ContentSealer {
  readonly #layout: ContentLayout;
  readonly #waiting = new Map<number, Uint8Array>();
  /** Key and tag of the root tree node; complete after {@link finish}, zero where there is no tree. */
  readonly rootSlot: Uint8Array = new Uint8Array(SLOT_SIZE);

  constructor(layout: ContentLayout) {
    this.#layout = layout;
  }

  /**
   * Encrypts one group.
   * @param content the group's content bytes
   * @param target where its tree node and data nodes go; must be zero where the tree node stands
   */
  sealGroup(group: number, content: Uint8Array, target: Uint8Array): void {
    const treeNode = new Uint8Array(NODE_SIZE);
    for (let index = 0; index < nodesFor(content.length); index++) {
      const plain = paddedNode(content.subarray(index * NODE_SIZE, (index + 1) * NODE_SIZE));
      const slot = treeNode.subarray(index * SLOT_SIZE, (index + 1) * SLOT_SIZE);
      sealNode(plain, target.subarray((index + 1) * NODE_SIZE, (index + 2) * NODE_SIZE), slot);
    }
    if (hasChildren(this.#layout, group)) {
      this.#waiting.set(group, treeNode);
    } else {
      sealNode(treeNode, target.subarray(0, NODE_SIZE), this.#slotOf(group));
    }
  }

  /** Encrypts the waiting tree nodes; a child has a higher index than its parent, so the highest comes first. */
  *finish(): Generator<PlacedNode> {
    for (const [index, treeNode] of [...this.#waiting].toReversed()) {
      const node = new Uint8Array(NODE_SIZE);
      sealNode(treeNode, node, this.#slotOf(index));
      yield { position: groupPosition(index), node };
    }
    this.#waiting.clear();
  }

  #slotOf(index: number): Uint8Array {
    if (index === 0) {
      return this.rootSlot;
    }
    const parent = this.#waiting.get(parentOf(index));
    if (parent === undefined) {
      throw new Error(`group ${parentOf(index)} must be sealed before group ${index}`);
    }
    const start = (DATA_NODES_PER_GROUP + ((index - 1) % CHILDREN_PER_TREE_NODE)) * SLOT_SIZE;
    return parent.subarray(start, start + SLOT_SIZE);
  }
}

function paddedNode(content: Uint8Array): Uint8Array {
  if (content.length === NODE_SIZE) {
    return content;
  }
  const node = new Uint8Array(NODE_SIZE);
  node.set(content);
  return node;
}
