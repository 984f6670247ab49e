import type { ByteSource } from "../byte-source.ts";
import type { ContentSealer } from "../format/content-sealer.ts";
import { type ContentLayout, groupContent, NODE_SIZE } from "../format/layout.ts";
import { BufferRing, type GroupBuffers } from "./group-buffers.ts";
import { inOrder } from "./in-order.ts";
import { groupCipherFor, type ThreadOptions } from "./threads.ts";

/**
 * Reads and encrypts the groups of a content, several at once, and yields them in order. A tree node that has children is
 * zero, to be replaced when `sealer` is finished. What is yielded is valid until the next group is asked for.
 */
export async function* sealedGroups(
  source: ByteSource,
  layout: ContentLayout,
  sealer: ContentSealer,
  options: ThreadOptions,
): AsyncGenerator<GroupBuffers> {
  const cipher = groupCipherFor(layout.contentSize, options);
  const ring = new BufferRing(layout, cipher);
  try {
    const seal = async (group: number): Promise<GroupBuffers> => {
      const buffers = ring.buffersOf(group);
      await source.read(groupContent(layout, group).start, buffers.content);
      await cipher.seal(buffers);
      return buffers;
    };
    let group = 0;
    for await (const buffers of inOrder(layout.treeNodes, cipher.depth, seal)) {
      const target = buffers.encrypted.subarray(0, NODE_SIZE).fill(0);
      sealer.sealTreeNode(group++, buffers.treeNode, target);
      yield buffers;
    }
  } finally {
    await cipher.close();
    ring.wipe();
  }
}
