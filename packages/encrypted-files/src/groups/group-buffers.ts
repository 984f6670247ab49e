import { type ContentLayout, groupContent, NODE_SIZE, nodesFor } from "../format/layout.ts";

/** Memory of one group while it is read, encrypted or decrypted, and written. */
export type GroupBuffers = {
  /** Where all of it stands. */
  readonly memory: ArrayBufferLike;
  /** Plaintext of the tree node. */
  readonly treeNode: Uint8Array;
  /** The group as it stands in the host file: the tree node, then the data nodes. */
  readonly encrypted: Uint8Array;
  /** Content bytes. */
  readonly content: Uint8Array;
};

/** The parts of `memory` for a group with `length` content bytes. */
export function groupBuffers(memory: ArrayBufferLike, length: number): GroupBuffers {
  const treeNode = new Uint8Array(memory, 0, NODE_SIZE);
  const encrypted = new Uint8Array(memory, NODE_SIZE, (1 + nodesFor(length)) * NODE_SIZE);
  const content = new Uint8Array(memory, NODE_SIZE + encrypted.length, length);
  return { memory, treeNode, encrypted, content };
}

/** How many buffers are used in turn, and where their memory comes from. */
export type RingMemory = { readonly depth: number; readonly allocate: (size: number) => ArrayBufferLike };

/** Gives each group its buffers, so that `depth` groups in a row share nothing. */
export class BufferRing {
  readonly #layout: ContentLayout;
  readonly #memory: RingMemory;
  readonly #size: number;
  readonly #memories: ArrayBufferLike[] = [];

  constructor(layout: ContentLayout, memory: RingMemory) {
    this.#layout = layout;
    this.#memory = memory;
    const firstLength = groupContent(layout, 0).length;
    this.#size = (2 + nodesFor(firstLength)) * NODE_SIZE + firstLength;
  }

  buffersOf(group: number): GroupBuffers {
    const { depth, allocate } = this.#memory;
    const memory = this.#memories[group % depth] ?? allocate(this.#size);
    this.#memories[group % depth] = memory;
    return groupBuffers(memory, groupContent(this.#layout, group).length);
  }

  /** Overwrites all of them: they hold keys and plaintext. Nobody may work on them any more. */
  wipe(): void {
    for (const memory of this.#memories) {
      new Uint8Array(memory).fill(0);
    }
  }
}
