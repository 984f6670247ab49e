import {
  CHILDREN_PER_TREE_NODE,
  type ContentLayout,
  DATA_NODES_PER_GROUP,
  groupPosition,
  hasChildren,
  NODE_SIZE,
  parentOf,
} from "./layout.ts";
import { SLOT_SIZE, sealNode } from "./node-cipher.ts";

/** An encrypted node, and where it belongs in the host file. */
export type PlacedNode = { readonly position: number; readonly node: Uint8Array };

/**
 * Encrypts the tree nodes, each under a fresh key. They come in order, with {@link sealTreeNode}; those that have children
 * wait for their children's tags, and come out of {@link finish}.
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
   * Encrypts the tree node of one group, unless it must wait for its children.
   * @param treeNode its plaintext, with the slots of its data nodes
   * @param target where it goes; stays as it is while the node waits
   */
  sealTreeNode(group: number, treeNode: Uint8Array, target: Uint8Array): void {
    if (hasChildren(this.#layout, group)) {
      this.#waiting.set(group, treeNode.slice());
    } else {
      sealNode(treeNode, target, this.#slotOf(group));
    }
  }

  /** Encrypts the waiting tree nodes; a child has a higher index than its parent, so the highest comes first. */
  *finish(): Generator<PlacedNode> {
    for (const [index, treeNode] of [...this.#waiting].toReversed()) {
      const node = new Uint8Array(NODE_SIZE);
      sealNode(treeNode, node, this.#slotOf(index));
      treeNode.fill(0);
      yield { position: groupPosition(index), node };
    }
    this.#waiting.clear();
  }

  /** Overwrites all keys. Nothing can be encrypted any more. */
  forget(): void {
    this.rootSlot.fill(0);
    for (const treeNode of this.#waiting.values()) {
      treeNode.fill(0);
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
