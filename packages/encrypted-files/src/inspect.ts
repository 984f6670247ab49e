import { type FileSource, openFileSource } from "./byte-source.ts";
import { EncryptedContent } from "./encrypted-content.ts";
import { EncryptedFilesError } from "./errors.ts";
import type { ProgressOptions } from "./files.ts";
import { checkHostSize, openFileHead } from "./format/file-head.ts";
import { NODE_SIZE } from "./format/layout.ts";
import { type FormatVersion, parseMetadataHeader } from "./format/metadata-node.ts";
import type { ThreadOptions } from "./groups/threads.ts";
import { checkWrapKey } from "./wrap-key.ts";

/** What can be known of an encrypted file. */
export type FileInspection = {
  /** From the open header, which only a right wrap key authenticates. */
  readonly version: FormatVersion;
  readonly minorVersion: number;
  /** Version 2: Gramine stopped while it wrote this file. */
  readonly pendingWrite: boolean;
  /** Bytes of the encrypted file. */
  readonly hostSize: number;
  /**
   * `refused`: this is not the file's wrap key, or the first 4096 bytes are damaged. The format cannot tell the two apart.
   * `accepted`: the key is right, whatever else is wrong with the file.
   */
  readonly wrapKey: "not-given" | "refused" | "accepted";
  /** With a right wrap key: what the first node says. */
  readonly content?: {
    readonly size: number;
    readonly embeddedPath: string;
    /** Bytes behind the last node in use, which readers ignore. */
    readonly staleBytes: number;
  };
  /** With a right wrap key: why the file cannot be decrypted, or undefined where every node passed or none was checked. */
  readonly damage?: EncryptedFilesError;
};

/** Options of {@link inspectFile}. Progress is told, and `signal` heeded, while every node is checked. */
export type InspectFileOptions = ProgressOptions &
  ThreadOptions & {
    /** 16 bytes. */
    readonly wrapKey?: Uint8Array | undefined;
    /** With a wrap key: read and check every node, not only the first. */
    readonly checkNodes?: boolean | undefined;
  };

/**
 * Tells what an encrypted file is, without writing anything.
 * @throws EncryptedFilesError `invalid-header` or `invalid-version` when it is no encrypted file, `input-missing`,
 * `input-unreadable`, `not-a-regular-file`, `wrap-key-size`; or the reason of `signal`
 */
export async function inspectFile(path: string, options: InspectFileOptions = {}): Promise<FileInspection> {
  const source = await openFileSource(path, { followLinks: true });
  try {
    checkHostSize(source.size, source.name);
    const node = new Uint8Array(NODE_SIZE);
    await source.read(0, node);
    return await inspectContent(source, node, options);
  } finally {
    await source.close();
  }
}

async function inspectContent(
  source: FileSource,
  node: Uint8Array,
  options: InspectFileOptions,
): Promise<FileInspection> {
  const { wrapKey, checkNodes } = options;
  const open = { ...parseMetadataHeader(node, source.name), hostSize: source.size };
  if (wrapKey === undefined) {
    return { ...open, wrapKey: "not-given" };
  }
  checkWrapKey(wrapKey);
  // The node is not read again: what is told of it and what the key accepts must be the same bytes.
  const opened = await outcomeOf(
    () => new EncryptedContent(source, openFileHead(node, wrapKey, { hostSize: source.size }, source.name)),
  );
  if ("damage" in opened) {
    const refused = opened.damage.code === "authentication-failed";
    return refused ? { ...open, wrapKey: "refused" } : { ...open, wrapKey: "accepted", damage: opened.damage };
  }
  const { size, hostSize, path } = opened.value;
  const content = { size, embeddedPath: path, staleBytes: source.size - hostSize };
  const checked = await outcomeOf(() => (checkNodes === true ? checkAll(opened.value, options) : undefined)).finally(
    () => opened.value.forget(),
  );
  return { ...open, wrapKey: "accepted", content, ...("damage" in checked ? { damage: checked.damage } : {}) };
}

async function checkAll(content: EncryptedContent, options: InspectFileOptions): Promise<void> {
  let done = 0;
  for await (const chunk of content.chunks(options)) {
    options.signal?.throwIfAborted();
    done += chunk.length;
    chunk.fill(0);
    options.onProgress?.({ done, total: content.size });
  }
}

/** The value, or the damage that the format found; anything else, such as a disk error, is thrown on. */
async function outcomeOf<Value>(
  operation: () => Value | Promise<Value>,
): Promise<{ readonly value: Value } | { readonly damage: EncryptedFilesError }> {
  try {
    return { value: await operation() };
  } catch (error) {
    if (error instanceof EncryptedFilesError && DAMAGE_CODES.has(error.code)) {
      return { damage: error };
    }
    throw error;
  }
}

const DAMAGE_CODES: ReadonlySet<string> = new Set(["authentication-failed", "malformed-metadata", "corrupted"]);
