import { EncryptedFilesError } from "../errors.ts";
import {
  CHILDREN_PER_TREE_NODE,
  type ContentLayout,
  DATA_NODES_PER_GROUP,
  hasChildren,
  METADATA_CONTENT_SIZE,
  NODE_SIZE,
  parentOf,
} from "./layout.ts";
import { openNode, SLOT_SIZE } from "./node-cipher.ts";

const CHILD_SLOTS_OFFSET = DATA_NODES_PER_GROUP * SLOT_SIZE;

/**
 * Decrypts and checks the tree nodes, from the root down: a node is opened only with the key and tag that its checked parent
 * holds. Reads nothing by itself.
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
   * Opens a tree node whose ancestors are open, and returns its plaintext, for the caller to overwrite: the slots of its data nodes
   * come first.
   * @throws EncryptedFilesError `corrupted`
   */
  openTreeNode(index: number, node: Uint8Array): Uint8Array {
    const plain = openNode(this.#slotOf(index), node);
    if (plain === undefined) {
      throw this.#corrupted(`tree node ${index}`);
    }
    if (hasChildren(this.#layout, index)) {
      // A copy: what a cipher gives is a Buffer, whose slices are views.
      this.#childSlots.set(index, new Uint8Array(plain.subarray(CHILD_SLOTS_OFFSET)));
    }
    return plain;
  }

  /** Overwrites all keys of children. */
  forget(): void {
    for (const slots of this.#childSlots.values()) {
      slots.fill(0);
    }
    this.#childSlots.clear();
  }

  /** The error for a data node whose tag does not fit: `corrupted`. `index` counts within the group. */
  damagedDataNode(group: number, index: number): EncryptedFilesError {
    const start = METADATA_CONTENT_SIZE + (group * DATA_NODES_PER_GROUP + index) * NODE_SIZE;
    return this.#corrupted(`the data node for content bytes ${start} to ${start + NODE_SIZE - 1}`);
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

  #corrupted(what: string): EncryptedFilesError {
    return new EncryptedFilesError("corrupted", `${this.#name} is damaged: ${what} does not fit its tag`, {
      remedy: "the wrap key is right; fetch the file again, or encrypt the original again",
    });
  }
}
