import type { FileSource } from "./byte-source.ts";
import { EncryptedFilesError } from "./errors.ts";
import type { ProgressOptions } from "./files.ts";
import { checkHostSize, type FileHead, forgetFileHead, openFileHead } from "./format/file-head.ts";
import { NODE_SIZE } from "./format/layout.ts";
import { type FormatVersion, parseMetadataHeader, sealMetadataNode } from "./format/metadata-node.ts";
import { writeOutputFile } from "./output-file.ts";
import type { WrittenFile } from "./written-file.ts";

/** What {@link rewriteFirstNode} changes; what is left out stays. */
export type FirstNodeChange = {
  /** The path to embed, normalised. */
  readonly path?: string | undefined;
  /** 16 bytes. */
  readonly wrapKey?: Uint8Array | undefined;
  readonly version?: FormatVersion | undefined;
};

const COPY_SIZE = 1 << 20;

/**
 * Writes `output`, which may be the file's own name, as a copy of an encrypted file with another first node, under a fresh
 * nonce. All other nodes stay as they are, byte for byte and unchecked: their keys hang on the root's key, which is in this
 * node. The copy has the source's mode, less the umask.
 * @param wrapKey the file's own, 16 bytes; checked already, as the one in `change`
 * @throws EncryptedFilesError `pending-write`, `input-changed`, and those of an encrypted file; or the reason of `signal`
 */
export async function rewriteFirstNode(
  source: FileSource,
  output: string,
  wrapKey: Uint8Array,
  change: FirstNodeChange,
  options: ProgressOptions,
): Promise<void> {
  const head = await readSettledHead(source, wrapKey);
  const metadata = {
    path: change.path ?? head.path,
    size: head.layout.contentSize,
    rootSlot: head.rootSlot,
    head: head.content,
  };
  const node = sealMetadataNode(metadata, change.version ?? head.version, change.wrapKey ?? wrapKey);
  forgetFileHead(head);
  await writeOutputFile(output, source.mode, async (file) => {
    await file.write(node, 0);
    await copyFrom(source, NODE_SIZE, file, options);
    // Flushed first, so that little time is left for a change between this check and the output's taking its name.
    await file.flush();
    await source.expectInPlace();
  });
}

/**
 * Opens the first node of a file that no writer left half-way: a new first node would hide what Gramine has to recover.
 * @throws EncryptedFilesError `pending-write`, and those of an encrypted file
 */
export async function readSettledHead(source: FileSource, wrapKey: Uint8Array): Promise<FileHead> {
  checkHostSize(source.size, source.name);
  const node = new Uint8Array(NODE_SIZE);
  await source.read(0, node);
  if (parseMetadataHeader(node, source.name).pendingWrite) {
    throw new EncryptedFilesError("pending-write", `${source.name} was left by a writer that stopped half-way`, {
      expected: "a file without a pending write",
      remedy: "let Gramine open it with its recovery file first, or encrypt the original again",
    });
  }
  return openFileHead(node, wrapKey, { hostSize: source.size }, source.name);
}

async function copyFrom(source: FileSource, start: number, file: WrittenFile, options: ProgressOptions): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPY_SIZE, source.size - start));
  for (let position = start; position < source.size; position += buffer.length) {
    options.signal?.throwIfAborted();
    const chunk = buffer.subarray(0, source.size - position);
    await source.read(position, chunk);
    await file.write(chunk, position);
    options.onProgress?.({ done: position + chunk.length, total: source.size });
  }
}
