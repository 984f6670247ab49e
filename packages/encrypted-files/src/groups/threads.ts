import { availableParallelism } from "node:os";
import { EncryptedFilesError } from "../errors.ts";
import { cipherThreads } from "./cipher-threads.ts";
import { callingThread, type GroupCipher } from "./group-cipher.ts";

/** How many threads may encrypt or decrypt. */
export type ThreadOptions = {
  /**
   * Threads beside the calling one, 0 to 64. Unless said otherwise none below 64 MiB of content, where starting them takes
   * longer than they save, else one for each further processor, at most 3.
   */
  readonly threads?: number | undefined;
};

const MAX_THREADS = 64;
const MOST_THREADS_UNASKED = 3;
const WORTH_THREADS_FROM = 64 * 1024 * 1024;

/**
 * What encrypts or decrypts a content of `size` bytes; to be closed after use.
 * @throws EncryptedFilesError `invalid-argument`
 */
export function groupCipherFor(size: number, { threads }: ThreadOptions): GroupCipher {
  const count = threads ?? (size < WORTH_THREADS_FROM ? 0 : Math.min(availableParallelism() - 1, MOST_THREADS_UNASKED));
  if (!Number.isInteger(count) || count < 0 || count > MAX_THREADS) {
    throw new EncryptedFilesError("invalid-argument", "the number of threads is out of range", {
      expected: `a whole number from 0 to ${MAX_THREADS}`,
      actual: `${count}`,
    });
  }
  return count === 0 ? callingThread : cipherThreads(count);
}
