import { EncryptedFilesError } from "../errors.ts";
import {
  CHILDREN_PER_TREE_NODE,
  type ContentLayout,
  DATA_NODES_PER_GROUP,
  hasChildren,
  METADATA_CONTENT_SIZE,
  NODE_SIZE,
  nodesFor,
  parentOf,
} from "./layout.ts";
import { openNode, SLOT_SIZE } from "./node-cipher.ts";

const CHILD_SLOTS_OFFSET = DATA_NODES_PER_GROUP * SLOT_SIZE;

/**
 * Decrypts and checks the nodes behind the metadata node, from the root down: a node is opened only with the key and tag
 * that its checked parent holds. Reads nothing by itself.
 *
 * Memory: 1 KiB for each tree node that has children, that is for about every 12 MiB of content.
 */
export class ContentOpener {
  readonly #layout: ContentLayout;
  readonly #rootSlot: Uint8Array;
  readonly #name: string;
  readonly #childSlots = new Map<number, Uint8Array>();

  /** @param name what to call the file in an error */
  constructor(layout: ContentLayout, rootSlot: Uint8Array, name: string) {
    this.#layout = layout;
    this.#rootSlot = rootSlot;
    this.#name = name;
  }

  /** The tree nodes that must be opened before tree node `index` can be, outermost first. */
  missingAncestors(index: number): number[] {
    const missing: number[] = [];
    for (let node = index; node !== 0 && !this.#childSlots.has(parentOf(node)); node = parentOf(node)) {
      missing.unshift(parentOf(node));
    }
    return missing;
  }

  /**
   * Opens a tree node whose ancestors are open, and returns its plaintext: the slots of its data nodes come first.
   * @throws EncryptedFilesError `corrupted`
   */
  openTreeNode(index: number, node: Uint8Array): Uint8Array {
    const plain = openNode(this.#slotOf(index), node);
    if (plain === undefined) {
      throw this.#corrupted(`tree node ${index}`);
    }
    if (hasChildren(this.#layout, index)) {
      this.#childSlots.set(index, plain.slice(CHILD_SLOTS_OFFSET));
    }
    return plain;
  }

  /**
   * Opens data nodes of one group that stand behind each other in `nodes`, and writes their content into `target`, which
   * may end within the last node.
   * @param first index in the group of the first of these nodes
   * @throws EncryptedFilesError `corrupted`; `target` then holds content of checked nodes only
   */
  openDataNodes(group: number, treeNode: Uint8Array, first: number, nodes: Uint8Array, target: Uint8Array): void {
    const count = nodesFor(target.length);
    for (let index = 0; index < count; index++) {
      const slot = treeNode.subarray((first + index) * SLOT_SIZE, (first + index + 1) * SLOT_SIZE);
      const start = index * NODE_SIZE;
      const plain = openNode(slot, nodes.subarray(start, start + NODE_SIZE));
      if (plain === undefined) {
        throw this.#corruptedData(group * DATA_NODES_PER_GROUP + first + index);
      }
      target.set(plain.subarray(0, target.length - start), start);
    }
  }

  #slotOf(index: number): Uint8Array {
    if (index === 0) {
      return this.#rootSlot;
    }
    const start = ((index - 1) % CHILDREN_PER_TREE_NODE) * SLOT_SIZE;
    const slot = this.#childSlots.get(parentOf(index))?.subarray(start, start + SLOT_SIZE);
    if (slot === undefined) {
      throw new Error(`tree node ${parentOf(index)} must be opened before its child ${index}`);
    }
    return slot;
  }

  #corruptedData(index: number): EncryptedFilesError {
    const start = METADATA_CONTENT_SIZE + index * NODE_SIZE;
    return this.#corrupted(`the data node for content bytes ${start} to ${start + NODE_SIZE - 1}`);
  }

  #corrupted(what: string): EncryptedFilesError {
    return new EncryptedFilesError("corrupted", `${this.#name} is damaged: ${what} does not fit its tag`, {
      remedy: "the wrap key is right; fetch the file again, or encrypt the original again",
    });
  }
}
