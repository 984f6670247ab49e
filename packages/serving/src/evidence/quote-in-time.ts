import type { Platform } from "@sealserve/platform";
import { ServingError } from "@sealserve/protocol";

/**
 * Asks the platform for evidence. One that hangs must not hold up all that wait behind it.
 *
 * @throws ServingError `UNAVAILABLE` when it takes too long; the platform's error
 */
export async function quoteInTime(platform: Platform, reportData: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const tooLate = (): void => late.reject(new ServingError("UNAVAILABLE", "The platform gave no evidence in time"));
  const timer = setTimeout(tooLate, timeoutMs);
  try {
    return await Promise.race([platform.quote(reportData), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
