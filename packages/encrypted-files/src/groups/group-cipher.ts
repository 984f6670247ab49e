import { openDataNodes, sealDataNodes } from "../format/data-nodes.ts";
import { NODE_SIZE } from "../format/layout.ts";
import type { GroupBuffers } from "./group-buffers.ts";

/** Encrypts and decrypts the data nodes of groups, on this thread or on others. */
export type GroupCipher = {
  /** Groups that may usefully be under way at once. */
  readonly depth: number;
  /** Memory for {@link GroupBuffers}. */
  readonly allocate: (size: number) => ArrayBufferLike;
  /** Encrypts `content` into `encrypted`, behind its first node, and puts the keys and tags into `treeNode`. */
  seal(buffers: GroupBuffers): Promise<void>;
  /** Decrypts `encrypted`, behind its first node, into `content`. Returns the first data node whose tag does not fit. */
  open(buffers: GroupBuffers): Promise<number | undefined>;
  close(): Promise<void>;
};

/** Encrypts the data nodes of one group; see {@link GroupCipher}. */
export function sealGroup({ content, encrypted, treeNode }: GroupBuffers): void {
  treeNode.fill(0);
  sealDataNodes(content, encrypted.subarray(NODE_SIZE), treeNode);
}

/** Decrypts the data nodes of one group; see {@link GroupCipher}. */
export function openGroup({ content, encrypted, treeNode }: GroupBuffers): number | undefined {
  return openDataNodes(treeNode, 0, encrypted.subarray(NODE_SIZE), content);
}

/** Works on the calling thread, while the groups before and after are written and read. */
export const callingThread: GroupCipher = {
  depth: 4,
  allocate: (size) => new ArrayBuffer(size),
  seal: async (buffers) => sealGroup(buffers),
  open: async (buffers) => openGroup(buffers),
  close: async () => undefined,
};
