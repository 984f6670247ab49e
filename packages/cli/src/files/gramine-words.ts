import { EncryptedFilesError, type EncryptedFilesErrorCode } from "@sealserve/encrypted-files";
import { tell } from "../output/terminal.ts";

/** What gramine-sgx-pf-crypt says where we say more. Its other messages are in ours: `Wrap key size`, `Path is too long`. */
const WORDS: Partial<Readonly<Record<EncryptedFilesErrorCode, string>>> = {
  "invalid-header": "Opening protected input file failed: Invalid header",
  "invalid-version": "Opening protected input file failed: Invalid version",
  "invalid-path": "Opening protected input file failed: Invalid path",
  "authentication-failed": "Opening protected input file failed: Callback failed",
  corrupted: "Read from protected file failed: File is corrupted",
};

/** Runs a job; with `verbose`, a failure is told in Gramine's words too, so that known messages can be looked for. */
export async function sayingGraminesWords(
  { verbose }: { readonly verbose?: true },
  job: () => Promise<void>,
): Promise<void> {
  try {
    await job();
  } catch (error) {
    const words = error instanceof EncryptedFilesError ? WORDS[error.code] : undefined;
    if (verbose === true && words !== undefined) {
      tell(`gramine-sgx-pf-crypt: ${words}`);
    }
    throw error;
  }
}
