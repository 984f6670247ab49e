import type { ByteSource } from "../byte-source.ts";
import type { ContentOpener } from "../format/content-opener.ts";
import { type ContentLayout, groupPosition, NODE_SIZE } from "../format/layout.ts";
import { BufferRing, type GroupBuffers } from "./group-buffers.ts";
import { inOrder } from "./in-order.ts";
import { groupCipherFor, type ThreadOptions } from "./threads.ts";

/**
 * Reads, decrypts and checks the groups of an encrypted file, several at once, and yields their content in order. Asks for
 * the groups in order too. What is yielded is valid until the next group is asked for.
 * @throws EncryptedFilesError `corrupted`; what came before is genuine
 */
export async function* openedGroups(
  source: ByteSource,
  layout: ContentLayout,
  opener: ContentOpener,
  options: ThreadOptions,
): AsyncGenerator<Uint8Array> {
  const cipher = groupCipherFor(layout.contentSize, options);
  const ring = new BufferRing(layout, cipher);
  try {
    // A tree node can be opened only after its parent, which comes before it.
    let parentsOpened: Promise<unknown> = Promise.resolve();
    const open = async (group: number): Promise<GroupBuffers> => {
      const buffers = ring.buffersOf(group);
      const { encrypted, treeNode } = buffers;
      const opened = Promise.all([source.read(groupPosition(group), encrypted), parentsOpened]).then(() => {
        const plain = opener.openTreeNode(group, encrypted.subarray(0, NODE_SIZE));
        treeNode.set(plain);
        plain.fill(0);
      });
      parentsOpened = opened;
      await opened;
      const damaged = await cipher.open(buffers);
      if (damaged !== undefined) {
        throw opener.damagedDataNode(group, damaged);
      }
      return buffers;
    };
    for await (const { content } of inOrder(layout.treeNodes, cipher.depth, open)) {
      yield content;
    }
  } finally {
    await cipher.close();
    ring.wipe();
  }
}
