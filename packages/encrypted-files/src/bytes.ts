import { ContentOpener } from "./format/content-opener.ts";
import { ContentSealer } from "./format/content-sealer.ts";
import { openDataNodes, sealDataNodes } from "./format/data-nodes.ts";
import { checkHostSize, forgetFileHead, openFileHead } from "./format/file-head.ts";
import {
  type ContentLayout,
  groupContent,
  groupPosition,
  layoutOf,
  METADATA_CONTENT_SIZE,
  NODE_SIZE,
  nodesFor,
} from "./format/layout.ts";
import { type FormatVersion, sealMetadataNode } from "./format/metadata-node.ts";
import { embeddablePath } from "./path.ts";
import { checkWrapKey } from "./wrap-key.ts";

/**
 * Encrypts a content in memory as a Gramine encrypted file. Two calls never give the same bytes: all keys are fresh.
 * @param options.wrapKey 16 bytes
 * @param options.embeddedPath the path at which a reader will look for the file; normalised here
 * @param options.version format version, 1 (every Gramine reads it) unless said otherwise
 * @throws EncryptedFilesError `wrap-key-size`, `invalid-path`, `path-too-long`
 */
export function encryptBytes(
  plain: Uint8Array,
  options: {
    readonly wrapKey: Uint8Array;
    readonly embeddedPath: string;
    readonly version?: FormatVersion | undefined;
  },
): Uint8Array<ArrayBuffer> {
  checkWrapKey(options.wrapKey);
  const path = embeddablePath(options.embeddedPath);
  const layout = layoutOf(plain.length);
  const sealer = new ContentSealer(layout);
  const encrypted = new Uint8Array(layout.hostSize);
  const treeNode = new Uint8Array(NODE_SIZE);
  for (let group = 0; group < layout.treeNodes; group++) {
    const { start, length } = groupContent(layout, group);
    const target = encrypted.subarray(groupPosition(group));
    treeNode.fill(0);
    sealDataNodes(plain.subarray(start, start + length), target.subarray(NODE_SIZE), treeNode);
    sealer.sealTreeNode(group, treeNode, target.subarray(0, NODE_SIZE));
  }
  treeNode.fill(0);
  for (const { position, node } of sealer.finish()) {
    encrypted.set(node, position);
  }
  const head = plain.subarray(0, METADATA_CONTENT_SIZE);
  const metadata = { path, size: plain.length, rootSlot: sealer.rootSlot, head };
  encrypted.set(sealMetadataNode(metadata, options.version ?? 1, options.wrapKey));
  sealer.forget();
  return encrypted;
}

/** What an encrypted file held. */
export type DecryptedBytes = {
  readonly content: Uint8Array<ArrayBuffer>;
  /** The path that the writer embedded. */
  readonly path: string;
  readonly version: FormatVersion;
};

/**
 * Decrypts a Gramine encrypted file (version 1 or 2) in memory. Everything is checked before anything is returned.
 * @param options.embeddedPath the path that must be embedded in the file; without it any path will do
 * @param options.name what to call the file in an error
 * @throws EncryptedFilesError
 */
export function decryptBytes(
  encrypted: Uint8Array,
  options: {
    readonly wrapKey: Uint8Array;
    readonly embeddedPath?: string | undefined;
    readonly name?: string | undefined;
  },
): DecryptedBytes {
  const name = options.name ?? "the encrypted file";
  checkWrapKey(options.wrapKey);
  checkHostSize(encrypted.length, name);
  const expected = { hostSize: encrypted.length, path: options.embeddedPath };
  const head = openFileHead(encrypted.subarray(0, NODE_SIZE), options.wrapKey, expected, name);
  const content = new Uint8Array(head.layout.contentSize);
  content.set(head.content);
  const opener = new ContentOpener(head.layout, head.rootSlot, name);
  try {
    openGroups(encrypted, head.layout, opener, content);
  } catch (error) {
    content.fill(0);
    throw error;
  } finally {
    opener.forget();
    forgetFileHead(head);
  }
  return { content, path: head.path, version: head.version };
}

/** Decrypts and checks everything behind the first node into `content`. @throws EncryptedFilesError `corrupted` */
function openGroups(encrypted: Uint8Array, layout: ContentLayout, opener: ContentOpener, content: Uint8Array): void {
  for (let group = 0; group < layout.treeNodes; group++) {
    const { start, length } = groupContent(layout, group);
    const position = groupPosition(group);
    const nodes = encrypted.subarray(position + NODE_SIZE, position + (1 + nodesFor(length)) * NODE_SIZE);
    const treeNode = opener.openTreeNode(group, encrypted.subarray(position, position + NODE_SIZE));
    const damaged = openDataNodes(treeNode, 0, nodes, content.subarray(start, start + length));
    treeNode.fill(0);
    if (damaged !== undefined) {
      throw opener.damagedDataNode(group, damaged);
    }
  }
}
