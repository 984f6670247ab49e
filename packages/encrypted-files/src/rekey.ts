import { equalBytes } from "@sealserve/core";
import { type ByteSource, type FileSource, openFileSource } from "./byte-source.ts";
import { EncryptedContent } from "./encrypted-content.ts";
import { EncryptedFilesError } from "./errors.ts";
import { encryptContent, type ProgressOptions } from "./files.ts";
import { readSettledHead, rewriteFirstNode } from "./first-node.ts";
import type { FormatVersion } from "./format/metadata-node.ts";
import type { ThreadOptions } from "./groups/threads.ts";
import { writeOutputFile } from "./output-file.ts";
import { checkWrapKey } from "./wrap-key.ts";

/** Options of {@link rekeyFile}. */
export type RekeyFileOptions = ProgressOptions &
  ThreadOptions & {
    readonly input: string;
    /** May be `input`. */
    readonly output: string;
    /** The present key, 16 bytes. */
    readonly wrapKey: Uint8Array;
    /** 16 bytes. */
    readonly newWrapKey: Uint8Array;
    /**
     * Makes every key new. Without it the new wrap key takes the place of the old one around the same root key: quick, and
     * right when a key is replaced by plan. Whoever has the old wrap key and any copy of the file from before has the root
     * key, and so the content, also of the file as it is now.
     */
    readonly full?: boolean | undefined;
    /** Format version to change to; as it is, unless said otherwise. */
    readonly version?: FormatVersion | undefined;
  };

/**
 * Puts an encrypted file under another wrap key; the embedded path stays. `output` appears when it is complete, or not at
 * all, with the mode of `input`, less the umask. With `full` every node is checked on the way.
 * @throws EncryptedFilesError `invalid-argument` when the keys are equal and `full` is not asked for, `pending-write`,
 * `symlink`, `input-changed` when `input` was replaced or written to meanwhile, so that `output` is left as it was, and
 * those of an encrypted file; or the reason of `signal`
 */
export async function rekeyFile(options: RekeyFileOptions): Promise<void> {
  const { input, output, wrapKey, newWrapKey, version, full } = options;
  checkWrapKey(wrapKey);
  checkWrapKey(newWrapKey);
  if (full !== true && equalBytes(wrapKey, newWrapKey)) {
    throw new EncryptedFilesError("invalid-argument", "the new wrap key is the old one", {
      remedy: "make a new one with `sealserve files gen-key`",
    });
  }
  const source = await openFileSource(input, { followLinks: false });
  try {
    if (full === true) {
      await encryptAnew(source, options);
    } else {
      await rewriteFirstNode(source, output, wrapKey, { wrapKey: newWrapKey, version }, options);
    }
  } finally {
    await source.close();
  }
}

async function encryptAnew(source: FileSource, options: RekeyFileOptions): Promise<void> {
  // Path and content come from one reading of the first node: a second one may find another file's.
  const content = new EncryptedContent(source, await readSettledHead(source, options.wrapKey));
  const version = options.version ?? content.version;
  const writing = writeOutputFile(options.output, source.mode, async (file) => {
    const sealOptions = { ...options, version, path: content.path, wrapKey: options.newWrapKey };
    await encryptContent(contentSource(content, source.name), file, sealOptions);
    await file.flush();
    await source.expectInPlace();
  });
  await writing.finally(() => content.forget());
}

function contentSource(content: EncryptedContent, name: string): ByteSource {
  return {
    name,
    size: content.size,
    async read(position, target) {
      const plain = await content.read(position, target.length);
      target.set(plain);
      plain.fill(0);
    },
  };
}
