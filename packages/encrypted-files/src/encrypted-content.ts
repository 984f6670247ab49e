import type { ByteSource } from "./byte-source.ts";
import { EncryptedFilesError } from "./errors.ts";
import { ContentOpener } from "./format/content-opener.ts";
import { openDataNodes } from "./format/data-nodes.ts";
import { checkHostSize, type FileHead, forgetFileHead, openFileHead } from "./format/file-head.ts";
import {
  GROUP_CONTENT_SIZE,
  groupContent,
  groupPosition,
  METADATA_CONTENT_SIZE,
  NODE_SIZE,
  nodesFor,
} from "./format/layout.ts";
import type { FormatVersion } from "./format/metadata-node.ts";
import { openedGroups } from "./groups/opened-groups.ts";
import type { ThreadOptions } from "./groups/threads.ts";
import { checkWrapKey } from "./wrap-key.ts";

/**
 * Opens the content of an encrypted file for reading; reads its first node only.
 * @param options.embeddedPath the path that must be embedded in the file; without it any path will do
 * @throws EncryptedFilesError
 */
export async function openEncryptedContent(
  source: ByteSource,
  options: { readonly wrapKey: Uint8Array; readonly embeddedPath?: string | undefined },
): Promise<EncryptedContent> {
  checkWrapKey(options.wrapKey);
  checkHostSize(source.size, source.name);
  const node = new Uint8Array(NODE_SIZE);
  await source.read(0, node);
  const expected = { hostSize: source.size, path: options.embeddedPath };
  return new EncryptedContent(source, openFileHead(node, options.wrapKey, expected, source.name));
}

/** How a whole content is read. */
export type ReadOptions = ThreadOptions & {
  /** Once it is aborted, no more is decrypted; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
};

/** The content of an encrypted file. Every byte that comes out belongs to a node whose tag was checked. */
export class EncryptedContent {
  readonly #source: ByteSource;
  readonly #head: FileHead;
  readonly #opener: ContentOpener;

  /** `head` is the source's own; use {@link openEncryptedContent} where it was not read yet. */
  constructor(source: ByteSource, head: FileHead) {
    this.#source = source;
    this.#head = head;
    this.#opener = new ContentOpener(head.layout, head.rootSlot, source.name);
  }

  /** Content bytes. */
  get size(): number {
    return this.#head.layout.contentSize;
  }

  /** Bytes on the host that the content needs; the host's file may have stale nodes behind them. */
  get hostSize(): number {
    return this.#head.layout.hostSize;
  }

  /** The path that the writer embedded. */
  get path(): string {
    return this.#head.path;
  }

  /** Major version of the format. */
  get version(): FormatVersion {
    return this.#head.version;
  }

  /**
   * The content from start to end, in bounded memory; asks the source in order, for several groups at once.
   * A chunk is a view that is valid until the next one is asked for.
   * @throws EncryptedFilesError `corrupted`; what came before is genuine, but it is not the whole content
   */
  async *chunks(options: ThreadOptions = { threads: 0 }): AsyncGenerator<Uint8Array> {
    if (this.#head.content.length > 0) {
      yield this.#head.content;
    }
    if (this.#head.layout.treeNodes > 0) {
      yield* openedGroups(this.#source, this.#head.layout, this.#opener, options);
    }
  }

  /**
   * The whole content, on several threads where it is large; asks the source in order.
   * @throws EncryptedFilesError `corrupted`; the signal's reason
   */
  async readAll(options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const content = new Uint8Array(this.size);
    await this.readInto(content, options);
    return content;
  }

  /**
   * {@link readAll} into `target`, which has {@link size} bytes.
   * @throws EncryptedFilesError `corrupted`; the signal's reason; `target` is zeros then
   * @throws EncryptedFilesError `out-of-range` for a target of another size
   */
  async readInto(target: Uint8Array, { signal, ...threads }: ReadOptions = {}): Promise<void> {
    if (target.length !== this.size) {
      throw new EncryptedFilesError("out-of-range", `the content of ${this.#source.name} is of another size`, {
        expected: `${this.size} bytes`,
        actual: `${target.length} bytes`,
      });
    }
    let length = 0;
    try {
      for await (const chunk of this.chunks(threads)) {
        signal?.throwIfAborted();
        target.set(chunk, length);
        length += chunk.length;
      }
    } catch (error) {
      target.fill(0);
      throw error;
    }
  }

  /** Overwrites its keys, and what of its plaintext came with them. Nothing can be read any more. */
  forget(): void {
    forgetFileHead(this.#head);
    this.#opener.forget();
  }

  /**
   * `length` content bytes from `offset` on. Reads and checks only the nodes on the way to them.
   * @throws EncryptedFilesError `out-of-range`, `corrupted`
   */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
      throw new EncryptedFilesError("out-of-range", "offset and length must be whole numbers, not negative");
    }
    if (offset + length > this.size) {
      throw new EncryptedFilesError("out-of-range", `${this.#source.name} has no such bytes`, {
        expected: `at most ${this.size} bytes`,
        actual: `${length} bytes from offset ${offset}`,
      });
    }
    const content = new Uint8Array(length);
    content.set(this.#head.content.subarray(offset, offset + length));
    try {
      await this.#readGroups(offset, content);
    } catch (error) {
      content.fill(0);
      throw error;
    }
    return content;
  }

  /** Reads what of `target`, from content byte `offset` on, stands behind the first node. */
  async #readGroups(offset: number, target: Uint8Array): Promise<void> {
    let position = Math.max(offset, METADATA_CONTENT_SIZE);
    while (position < offset + target.length) {
      const group = Math.floor((position - METADATA_CONTENT_SIZE) / GROUP_CONTENT_SIZE);
      const { start, length } = groupContent(this.#head.layout, group);
      const end = Math.min(offset + target.length, start + length);
      await this.#readInGroup(group, position - start, target.subarray(position - offset, end - offset));
      position = end;
    }
  }

  /** Reads `target` from content byte `start` of one group on, opening its ancestors where nobody has yet. */
  async #readInGroup(group: number, start: number, target: Uint8Array): Promise<void> {
    for (const ancestor of this.#opener.missingAncestors(group)) {
      (await this.#openTreeNode(ancestor)).fill(0);
    }
    const treeNode = await this.#openTreeNode(group);
    try {
      await this.#readDataNodes(treeNode, group, start, target);
    } finally {
      treeNode.fill(0);
    }
  }

  async #readDataNodes(treeNode: Uint8Array, group: number, start: number, target: Uint8Array): Promise<void> {
    const end = start + target.length;
    const first = Math.floor(start / NODE_SIZE);
    const nodes = new Uint8Array((nodesFor(end) - first) * NODE_SIZE);
    await this.#source.read(groupPosition(group) + (1 + first) * NODE_SIZE, nodes);
    const plain = new Uint8Array(end - first * NODE_SIZE);
    const damaged = openDataNodes(treeNode, first, nodes, plain);
    if (damaged === undefined) {
      target.set(plain.subarray(start - first * NODE_SIZE));
    }
    plain.fill(0);
    if (damaged !== undefined) {
      throw this.#opener.damagedDataNode(group, damaged);
    }
  }

  async #openTreeNode(index: number): Promise<Uint8Array> {
    const node = new Uint8Array(NODE_SIZE);
    await this.#source.read(groupPosition(index), node);
    return this.#opener.openTreeNode(index, node);
  }
}
