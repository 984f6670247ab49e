import { PlatformError } from "./errors.ts";

/**
 * Waits for a task no longer than `timeoutMs`. A read that hangs in the kernel cannot be called back: the signal tells the task to
 * begin nothing new and to clean up when the read returns, while the caller has her answer.
 * @throws PlatformError `quote-timeout`, or what the task throws
 */
export async function withTimeLimit<Result>(
  timeoutMs: number,
  task: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const error = new PlatformError("quote-timeout", "the platform made no evidence in time", {
        expected: `within ${timeoutMs} ms`,
        remedy: "check that the host's quoting service answers",
      });
      controller.abort(error);
      reject(error);
    }, timeoutMs);
  });
  try {
    return await Promise.race([task(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
