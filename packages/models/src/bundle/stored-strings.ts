import { ByteReader, crc32c, maskCrc } from "@sealserve/core";

import { ModelError } from "../errors.ts";
import { readVarint } from "./varint.ts";

const CHECKSUM_BYTES = 4;

/**
 * The strings of a tensor bundle (tensor_bundle.cc, WriteStringTensor): their lengths as varints, a checksum of these, and
 * all bytes. They are views.
 * @param checksum CRC-32C of the lengths as four bytes each, of their checksum and of the strings, masked
 * @throws ModelError `bad-checkpoint`, `checksum-mismatch`
 * @throws CoreError `truncated`
 */
export function parseStoredStrings(bytes: Uint8Array, count: number, checksum: number): Uint8Array[] {
  if (count > bytes.length) {
    throw new ModelError("bad-checkpoint", "a tensor of strings in the checkpoint has fewer bytes than strings");
  }
  const reader = new ByteReader(bytes);
  const lengths = Uint32Array.from({ length: count }, () => readLength(reader));
  const lengthBytes = new Uint8Array(lengths.buffer);
  const ofLengths = reader.bytes(CHECKSUM_BYTES);
  const strings = Array.from(lengths, (length) => reader.bytes(length));
  if (reader.remaining > 0) {
    throw new ModelError("bad-checkpoint", "a tensor of strings in the checkpoint has bytes behind its strings");
  }
  const whole = Buffer.concat([lengthBytes, bytes.subarray(reader.offset - sizeOf(lengths) - CHECKSUM_BYTES)]);
  if (new ByteReader(ofLengths).u32() !== maskCrc(crc32c(lengthBytes)) || maskCrc(crc32c(whole)) !== checksum) {
    throw new ModelError("checksum-mismatch", "a tensor of strings in the checkpoint is damaged");
  }
  return strings;
}

/** A string of 4 GiB would not fit into any shard that is read. */
function readLength(reader: ByteReader): number {
  const length = readVarint(reader);
  if (length > reader.remaining) {
    throw new ModelError("bad-checkpoint", "a string in the checkpoint is longer than its tensor");
  }
  return length;
}

function sizeOf(lengths: Uint32Array): number {
  return lengths.reduce((total, length) => total + length, 0);
}
