import { encodeUtf8 } from "@sealserve/core";

const LIMIT = 1024;
const MARK = "...TRUNCATED";

/** A message as TensorFlow Serving sends it in a gRPC status: at most 1024 bytes, then `...TRUNCATED`. REST sends all. */
export function truncateStatusMessage(message: string): string {
  const bytes = encodeUtf8(message);
  if (bytes.length <= LIMIT) {
    return message;
  }
  let end = LIMIT;
  while (isContinuation(bytes[end])) {
    end--;
  }
  return new TextDecoder().decode(bytes.subarray(0, end)) + MARK;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
