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

/** Gives each group its buffers, so that `depth` groups in a row share nothing. */
export function bufferRing(
  layout: ContentLayout,
  depth: number,
  allocate: (size: number) => ArrayBufferLike,
): (group: number) => GroupBuffers {
  const memories: ArrayBufferLike[] = [];
  const firstLength = groupContent(layout, 0).length;
  const size = (2 + nodesFor(firstLength)) * NODE_SIZE + firstLength;
  return (group) => {
    const memory = memories[group % depth] ?? allocate(size);
    memories[group % depth] = memory;
    return groupBuffers(memory, groupContent(layout, group).length);
  };
}
