import { PlatformError, type PlatformErrorCode } from "../errors.ts";

/** Faults that may be gone with a new entry. */
const PASSING: ReadonlySet<PlatformErrorCode> = new Set([
  "tsm-busy",
  "tsm-generation-changed",
  "tsm-attribute-missing",
]);

/**
 * Repeats an attempt that fails for a passing reason, once for each of the delays (in milliseconds). The last failure is thrown.
 */
export async function retryPassingFaults<Result>(
  attempt: () => Promise<Result>,
  { delaysMs, signal }: { readonly delaysMs: readonly number[]; readonly signal: AbortSignal },
): Promise<Result> {
  for (const delay of delaysMs) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof PlatformError && PASSING.has(error.code))) {
        throw error;
      }
      await wait(delay);
      signal.throwIfAborted();
    }
  }
  return await attempt();
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
