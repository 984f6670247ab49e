import { defaultLimits, type ServingLimits } from "../../src/transport/limits.ts";

/** Limits small enough that a test meets them quickly. */
export function quickLimits(changes: Partial<ServingLimits> = {}): ServingLimits {
  return {
    ...defaultLimits,
    maxMessageBytes: 8 << 20,
    maxUnpackedBytes: 4 << 20,
    maxBytesInFlight: 32 << 20,
    drainTimeoutMs: 2000,
    ...changes,
  };
}
