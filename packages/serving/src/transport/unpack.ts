import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { ServingError } from "@sealserve/protocol";
import type { ServingLimits } from "./limits.ts";
import type { MemoryBudget } from "./memory-budget.ts";

/** How a message may be packed: gzip (RFC 1952), or what gRPC and HTTP call deflate (zlib, RFC 1950). */
export type Packing = "gzip" | "deflate";

const unpackers = { gzip: promisify(gunzip), deflate: promisify(inflate) } as const;

/**
 * Unpacks a message of at most `maxUnpackedBytes`. The whole bound is reserved while unpacking, since a small
 * message can announce nothing about its unpacked size; afterwards only the true size stays reserved.
 *
 * @returns the message and the bytes to release once it has been used
 * @throws ServingError `RESOURCE_EXHAUSTED` above the bound, `INVALID_ARGUMENT` when it is not packed so
 */
export async function unpack(
  packed: Uint8Array,
  packing: Packing,
  limits: Pick<ServingLimits, "maxUnpackedBytes">,
  budget: MemoryBudget,
): Promise<{ message: Uint8Array; reserved: number }> {
  budget.reserve(limits.maxUnpackedBytes);
  try {
    const message = await unpackers[packing](packed, { maxOutputLength: limits.maxUnpackedBytes });
    budget.release(limits.maxUnpackedBytes - message.length);
    return { message, reserved: message.length };
  } catch (cause) {
    budget.release(limits.maxUnpackedBytes);
    throw isTooLarge(cause)
      ? new ServingError("RESOURCE_EXHAUSTED", `Unpacked message larger than max (${limits.maxUnpackedBytes})`)
      : new ServingError("INVALID_ARGUMENT", `The message is not valid ${packing}`);
  }
}

function isTooLarge(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_BUFFER_TOO_LARGE";
}
