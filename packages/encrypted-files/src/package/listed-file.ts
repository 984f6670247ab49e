import { join } from "node:path";
import { hashingSource, openFileSource } from "../byte-source.ts";
import { type EncryptedContent, openEncryptedContent } from "../encrypted-content.ts";
import { EncryptedFilesError } from "../errors.ts";
import { quoteName } from "../path.ts";
import type { PackageFile } from "./manifest.ts";
import { missing, sizeMismatch } from "./package-directory.ts";

/**
 * Opens a file of a package for one use in order, and checks it against the manifest: size, digest, embedded path and tags,
 * all of the very bytes that `use` gets. What `use` made may be kept only when this returns; the content is not to be read
 * any more when `use` is done.
 * @param signal stops the check of what `use` left unread; `use` has to heed it by itself
 * @throws EncryptedFilesError `file-missing`, `file-size-mismatch`, `file-digest-mismatch`, and those of an encrypted file,
 * or the reason of `signal`
 */
export async function withListedFile<Result>(
  directory: string,
  file: PackageFile,
  wrapKey: Uint8Array,
  use: (content: EncryptedContent) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result> {
  const path = join(directory, file.path);
  const source = await openFileSource(path, { followLinks: false }).catch((error: unknown) => {
    throw error instanceof EncryptedFilesError && error.code === "input-missing" ? missing(path) : error;
  });
  try {
    if (source.size !== file.size) {
      throw sizeMismatch(path, file.size, source.size);
    }
    const hashing = hashingSource(source);
    // Whatever goes wrong while decrypting, a file that the owner did not sign is first of all that.
    const outcome = await openEncryptedContent(hashing, { wrapKey, embeddedPath: file.path })
      .then((content) => use(content).finally(() => content.forget()))
      .then(
        (result) => ({ result }),
        (error: unknown) => ({ error }),
      );
    const digest = await hashing.finish(signal);
    if (digest !== file.sha256) {
      throw digestMismatch(path, file.sha256, digest);
    }
    if ("error" in outcome) {
      throw outcome.error;
    }
    return outcome.result;
  } finally {
    await source.close();
  }
}

function digestMismatch(path: string, expected: string, actual: string): EncryptedFilesError {
  return new EncryptedFilesError("file-digest-mismatch", `${quoteName(path)} is not the file that the owner signed`, {
    expected,
    actual,
    remedy: "fetch the package again",
  });
}
