import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { ServingError } from "@sealserve/protocol";
import type { ServingLimits } from "./limits.ts";
import type { MemoryBudget } from "./memory-budget.ts";

const unpack = promisify(gunzip);

/**
 * Unpacks a gzip message of at most `maxUnpackedBytes`. The whole bound is reserved while unpacking, since a small
 * message can announce nothing about its unpacked size; afterwards only the true size stays reserved.
 *
 * @returns the message and the bytes to release once it has been used
 * @throws ServingError `RESOURCE_EXHAUSTED` above the bound, `INVALID_ARGUMENT` when it is not gzip
 */
export async function unpackGzip(
  packed: Uint8Array,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): Promise<{ message: Uint8Array; reserved: number }> {
  budget.reserve(limits.maxUnpackedBytes);
  try {
    const message = await unpack(packed, { maxOutputLength: limits.maxUnpackedBytes });
    budget.release(limits.maxUnpackedBytes - message.length);
    return { message, reserved: message.length };
  } catch (cause) {
    budget.release(limits.maxUnpackedBytes);
    throw isTooLarge(cause)
      ? new ServingError("RESOURCE_EXHAUSTED", `Unpacked message larger than max (${limits.maxUnpackedBytes})`)
      : new ServingError("INVALID_ARGUMENT", "The message is not valid gzip");
  }
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
}
