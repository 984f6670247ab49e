import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EncryptedContent } from "../encrypted-content.ts";
import { type ProgressOptions, writeContent } from "../files.ts";
import { PRIVATE_DIRECTORY_MODE, writeOutputDirectory } from "../output-file.ts";
import { checkWrapKey } from "../wrap-key.ts";
import { withListedFile } from "./listed-file.ts";
import { type OpenPackageOptions, verifyPackage } from "./open.ts";
import type { VerifiedManifest } from "./verify-manifest.ts";

/** Options of {@link unsealPackage}. Progress counts the bytes of the encrypted files. */
export type UnsealPackageOptions = OpenPackageOptions &
  ProgressOptions & {
    /** Must not exist, or be an empty directory. */
    readonly output: string;
  };

/**
 * Writes the plaintext of a package's files below `output`, at their paths in the package: for the owner, on her own
 * machine. `output` appears when every file was checked, or not at all; only its owner may read it.
 * @throws EncryptedFilesError, or the reason of `signal`
 */
export async function unsealPackage(directory: string, options: UnsealPackageOptions): Promise<VerifiedManifest> {
  checkWrapKey(options.wrapKey);
  const verified = await verifyPackage(directory, options);
  const { files } = verified.manifest;
  const total = files.reduce((size, file) => size + file.size, 0);
  await writeOutputDirectory(options.output, PRIVATE_DIRECTORY_MODE, async (temporary) => {
    let before = 0;
    for (const file of files) {
      const output = join(temporary, file.path);
      await mkdir(dirname(output), { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
      const onProgress = ({ done }: { done: number }) => options.onProgress?.({ done: before + done, total });
      const { signal } = options;
      const write = (content: EncryptedContent) => writeContent(content, output, { onProgress, signal });
      await withListedFile(directory, file, options.wrapKey, write, signal);
      before += file.size;
      options.onProgress?.({ done: before, total });
    }
  });
  return verified;
}
