import { type ByteSource, openFileSource } from "./byte-source.ts";
import { type EncryptedContent, openEncryptedContent } from "./encrypted-content.ts";
import { ContentSealer } from "./format/content-sealer.ts";
import { type ContentLayout, groupPosition, layoutOf, METADATA_CONTENT_SIZE } from "./format/layout.ts";
import { type FormatVersion, sealMetadataNode } from "./format/metadata-node.ts";
import { sealedGroups } from "./groups/sealed-groups.ts";
import type { ThreadOptions } from "./groups/threads.ts";
import { PRIVATE_FILE_MODE, PUBLIC_FILE_MODE, writeOutputFile } from "./output-file.ts";
import { embeddablePath } from "./path.ts";
import { checkWrapKey } from "./wrap-key.ts";
import type { WrittenFile } from "./written-file.ts";

/** How far a long operation has come, in content bytes. */
export type Progress = { readonly done: number; readonly total: number };

/** How to follow a long operation, and how to stop it. */
export type ProgressOptions = {
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Options of {@link encryptFile}. */
export type EncryptFileOptions = ProgressOptions &
  ThreadOptions & {
    readonly input: string;
    readonly output: string;
    /** 16 bytes. */
    readonly wrapKey: Uint8Array;
    /** The path at which a reader will look for the file, in place of `output`; normalised either way. */
    readonly embeddedPath?: string | undefined;
    /** Whether `input` may be a symbolic link; yes, unless said otherwise. */
    readonly followLinks?: boolean | undefined;
    /** Format version, 1 (every Gramine reads it) unless said otherwise. */
    readonly version?: FormatVersion | undefined;
  };

/** Options of {@link decryptFile}. */
export type DecryptFileOptions = ProgressOptions &
  ThreadOptions & {
    readonly input: string;
    readonly output: string;
    /** 16 bytes. */
    readonly wrapKey: Uint8Array;
    /** The path that must be embedded in the file; `true` stands for `input`. Without it any path will do. */
    readonly verifyPath?: string | boolean | undefined;
  };

/**
 * Encrypts a file as a Gramine encrypted file, in bounded memory. `output` appears when it is complete, or not at all.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function encryptFile(options: EncryptFileOptions): Promise<void> {
  checkWrapKey(options.wrapKey);
  const path = embeddablePath(options.embeddedPath ?? options.output);
  const source = await openFileSource(options.input, { followLinks: options.followLinks ?? true });
  try {
    await writeOutputFile(options.output, PUBLIC_FILE_MODE, async (file) => {
      await encryptContent(source, file, { ...options, path });
      await source.expectSameSize();
    });
  } finally {
    await source.close();
  }
}

/**
 * Decrypts a Gramine encrypted file (version 1 or 2), in bounded memory. `output` appears when all of it was checked, or
 * not at all; only its owner may read it.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function decryptFile(options: DecryptFileOptions): Promise<void> {
  const source = await openFileSource(options.input, { followLinks: true });
  try {
    const embeddedPath = expectedPath(options);
    const content = await openEncryptedContent(source, { wrapKey: options.wrapKey, embeddedPath });
    await writeContent(content, options.output, options).finally(() => content.forget());
  } finally {
    await source.close();
  }
}

/** Writes a content to a file of its own that only its owner may read. */
export async function writeContent(
  content: EncryptedContent,
  output: string,
  options: ProgressOptions & ThreadOptions,
): Promise<void> {
  await writeOutputFile(output, PRIVATE_FILE_MODE, async (file) => {
    let done = 0;
    for await (const chunk of content.chunks(options)) {
      options.signal?.throwIfAborted();
      await file.write(chunk, done);
      done += chunk.length;
      options.onProgress?.({ done, total: content.size });
    }
  });
}

function expectedPath({ input, verifyPath }: DecryptFileOptions): string | undefined {
  if (verifyPath === true) {
    return input;
  }
  return verifyPath === false ? undefined : verifyPath;
}

/** How to encrypt a content: `path` is normalised already. */
export type SealOptions = ProgressOptions &
  ThreadOptions & {
    readonly path: string;
    readonly wrapKey: Uint8Array;
    readonly version?: FormatVersion | undefined;
  };

/** Encrypts a content into a new file. */
export async function encryptContent(source: ByteSource, file: WrittenFile, options: SealOptions): Promise<void> {
  const layout = layoutOf(source.size);
  const head = new Uint8Array(Math.min(source.size, METADATA_CONTENT_SIZE));
  const sealer = new ContentSealer(layout);
  try {
    options.signal?.throwIfAborted();
    await source.read(0, head);
    options.onProgress?.({ done: head.length, total: source.size });
    if (layout.treeNodes > 0) {
      await encryptGroups(source, file, { layout, sealer, ...options });
    }
    for (const { position, node } of sealer.finish()) {
      await file.write(node, position);
    }
    const metadata = { path: options.path, size: source.size, rootSlot: sealer.rootSlot, head };
    await file.write(sealMetadataNode(metadata, options.version ?? 1, options.wrapKey), 0);
  } finally {
    sealer.forget();
    head.fill(0);
  }
}

async function encryptGroups(
  source: ByteSource,
  file: WrittenFile,
  options: ProgressOptions & ThreadOptions & { readonly layout: ContentLayout; readonly sealer: ContentSealer },
): Promise<void> {
  const { layout, sealer } = options;
  let group = 0;
  let done = METADATA_CONTENT_SIZE;
  for await (const { encrypted, content } of sealedGroups(source, layout, sealer, options)) {
    options.signal?.throwIfAborted();
    await file.write(encrypted, groupPosition(group++));
    done += content.length;
    options.onProgress?.({ done, total: layout.contentSize });
  }
}
