import { randomFillSync } from "node:crypto";
import { decodeUtf8, encodeUtf8, equalBytes } from "@sealserve/core";
import { EncryptedFilesError } from "../errors.ts";
import { METADATA_CONTENT_SIZE, NODE_SIZE } from "./layout.ts";
import { deriveMetadataKey, METADATA_NONCE_SIZE } from "./metadata-key.ts";
import { KEY_SIZE, openWithKey, SLOT_SIZE, sealWithKey } from "./node-cipher.ts";

/** Major version of the format: 1 is read by every Gramine, 2 by Gramine 1.9 and later. */
export type FormatVersion = 1 | 2;

/** Longest path that a file can carry, in bytes of UTF-8. */
export const MAX_PATH_SIZE = 771;

const MAGIC = encodeUtf8("GRAFS_PF");
const MAJOR_OFFSET = 8;
const MINOR_OFFSET = 9;
const NONCE_OFFSET = 10;
const TAG_OFFSET = NONCE_OFFSET + METADATA_NONCE_SIZE;
const FLAGS_OFFSET = TAG_OFFSET + KEY_SIZE;
const PENDING_WRITE_FLAG = 1;

// Version 2 has one byte of feature flags before the encrypted part.
const ENCRYPTED_OFFSET: Record<FormatVersion, number> = { 1: FLAGS_OFFSET, 2: FLAGS_OFFSET + 1 };

const PATH_FIELD_SIZE = MAX_PATH_SIZE + 1;
const SIZE_OFFSET = PATH_FIELD_SIZE;
const ROOT_SLOT_OFFSET = SIZE_OFFSET + 8;
const HEAD_OFFSET = ROOT_SLOT_OFFSET + SLOT_SIZE;
const ENCRYPTED_SIZE = HEAD_OFFSET + METADATA_CONTENT_SIZE;

/** The part of a metadata node that can be read without a key. None of it is authenticated by itself. */
export type MetadataHeader = {
  readonly version: FormatVersion;
  readonly minorVersion: number;
  /** Version 2: Gramine was about to write when it stopped. */
  readonly pendingWrite: boolean;
};

/** The part of a metadata node that needs the key, after its tag was checked. */
export type Metadata = {
  /** The path that the writer embedded. */
  readonly path: string;
  /** Content size in bytes, as stored: not yet compared with the host's file. */
  readonly size: bigint;
  /** Key and tag of the root tree node; stale or zero where the content fits into this node. */
  readonly rootSlot: Uint8Array;
  /** The first 3072 content bytes, zero padded. */
  readonly head: Uint8Array;
};

/** Whether a file that begins with these bytes (8 are enough) claims to be an encrypted file. */
export function hasEncryptedFileMagic(start: Uint8Array): boolean {
  return equalBytes(start.subarray(0, MAGIC.length), MAGIC);
}

/**
 * Reads the open part of the first node of an encrypted file.
 * @param name what to call the file in an error
 * @throws EncryptedFilesError `invalid-header`, `invalid-version`
 */
export function parseMetadataHeader(node: Uint8Array, name: string): MetadataHeader {
  if (node.length !== NODE_SIZE || !hasEncryptedFileMagic(node)) {
    throw new EncryptedFilesError("invalid-header", `${name} is not an encrypted file`, {
      expected: "a first node of 4096 bytes that begins with GRAFS_PF",
      remedy: "encrypt it first, or name the right file",
    });
  }
  const version = node[MAJOR_OFFSET];
  if (version !== 1 && version !== 2) {
    throw new EncryptedFilesError("invalid-version", `${name} has an unknown encrypted-file version`, {
      expected: "1 or 2",
      actual: `${version}`,
      remedy: "the file is damaged, or was written by a newer Gramine",
    });
  }
  const flags = version === 2 ? (node[FLAGS_OFFSET] ?? 0) : 0;
  return { version, minorVersion: node[MINOR_OFFSET] ?? 0, pendingWrite: (flags & PENDING_WRITE_FLAG) !== 0 };
}

/**
 * Decrypts and checks the closed part of a metadata node.
 * @throws EncryptedFilesError `authentication-failed`, `malformed-metadata`
 */
export function openMetadataNode(
  node: Uint8Array,
  header: MetadataHeader,
  wrapKey: Uint8Array,
  name: string,
): Metadata {
  const key = deriveMetadataKey(wrapKey, node.subarray(NONCE_OFFSET, TAG_OFFSET));
  const start = ENCRYPTED_OFFSET[header.version];
  const encrypted = node.subarray(start, start + ENCRYPTED_SIZE);
  const plain = openWithKey(key, node.subarray(TAG_OFFSET, FLAGS_OFFSET), encrypted);
  key.fill(0);
  if (plain === undefined) {
    throw new EncryptedFilesError("authentication-failed", `${name} cannot be opened with this wrap key`, {
      expected: "a metadata node made with this wrap key",
      actual: "another wrap key, or damage in the first 4096 bytes: the format cannot tell the two apart",
      remedy: "check which wrap key the file was encrypted with; if it is this one, encrypt the original again",
    });
  }
  return {
    path: pathOf(plain, name),
    size: new DataView(plain.buffer, plain.byteOffset).getBigUint64(SIZE_OFFSET, true),
    rootSlot: plain.subarray(ROOT_SLOT_OFFSET, HEAD_OFFSET),
    head: plain.subarray(HEAD_OFFSET),
  };
}

/** Encodes and encrypts a metadata node under a key of its own, from a fresh nonce. `path` is at most 771 bytes. */
export function sealMetadataNode(
  metadata: { readonly path: string; readonly size: number; readonly rootSlot: Uint8Array; readonly head: Uint8Array },
  version: FormatVersion,
  wrapKey: Uint8Array,
): Uint8Array {
  const plain = new Uint8Array(ENCRYPTED_SIZE);
  plain.set(encodeUtf8(metadata.path));
  new DataView(plain.buffer).setBigUint64(SIZE_OFFSET, BigInt(metadata.size), true);
  plain.set(metadata.rootSlot, ROOT_SLOT_OFFSET);
  plain.set(metadata.head, HEAD_OFFSET);

  const node = new Uint8Array(NODE_SIZE);
  node.set(MAGIC);
  node[MAJOR_OFFSET] = version;
  const nonce = randomFillSync(node.subarray(NONCE_OFFSET, TAG_OFFSET));
  const start = ENCRYPTED_OFFSET[version];
  const encrypted = node.subarray(start, start + ENCRYPTED_SIZE);
  const key = deriveMetadataKey(wrapKey, nonce);
  node.set(sealWithKey(key, plain, encrypted), TAG_OFFSET);
  key.fill(0);
  plain.fill(0);
  return node;
}

/** The path in a plaintext, which is overwritten where it has none. */
function pathOf(plain: Uint8Array, name: string): string {
  try {
    return parsePath(plain.subarray(0, PATH_FIELD_SIZE), name);
  } catch (error) {
    plain.fill(0);
    throw error;
  }
}

/** A path field without terminator is refused: C readers of such a file would run over its end. */
function parsePath(field: Uint8Array, name: string): string {
  const end = field.indexOf(0);
  if (end === -1) {
    throw new EncryptedFilesError("malformed-metadata", `the path inside ${name} has no end`, {
      expected: `at most ${MAX_PATH_SIZE} bytes and a zero byte`,
      remedy: "encrypt the original again",
    });
  }
  try {
    return decodeUtf8(field.subarray(0, end));
  } catch (cause) {
    throw new EncryptedFilesError("malformed-metadata", `the path inside ${name} is not UTF-8`, {
      remedy: "encrypt the original again under a path in UTF-8",
      cause,
    });
  }
}
