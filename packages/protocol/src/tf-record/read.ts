import { crc32c, maskCrc } from "@sealserve/core";
import { ServingError } from "../status/serving-error.ts";

const LENGTH_BYTES = 8;
const CHECKSUM_BYTES = 4;
const HEADER_BYTES = LENGTH_BYTES + CHECKSUM_BYTES;

/**
 * The records of a TFRecord file (TensorFlow's record_writer.h): for each its length and data, with a masked CRC-32C behind
 * either. They are views into `bytes`.
 * @throws ServingError `DATA_LOSS` at the record that is truncated or spoiled
 */
export function* readTfRecords(bytes: Uint8Array): Generator<Uint8Array, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset < bytes.length; ) {
    if (bytes.length - offset < HEADER_BYTES) {
      throw damaged("truncated", offset);
    }
    expectChecksum(view, bytes.subarray(offset, offset + LENGTH_BYTES), offset);
    const length = view.getBigUint64(offset, true);
    const start = offset + HEADER_BYTES;
    if (length + BigInt(CHECKSUM_BYTES) > BigInt(bytes.length - start)) {
      throw damaged("truncated", offset);
    }
    const end = start + Number(length);
    const record = bytes.subarray(start, end);
    expectChecksum(view, record, offset);
    yield record;
    offset = end + CHECKSUM_BYTES;
  }
}

/** Compares the checksum right behind `checked`, which is a part of the view. */
function expectChecksum(view: DataView, checked: Uint8Array, offset: number): void {
  const position = checked.byteOffset - view.byteOffset + checked.length;
  if (view.getUint32(position, true) !== maskCrc(crc32c(checked))) {
    throw damaged("corrupted", offset);
  }
}

function damaged(how: "truncated" | "corrupted", offset: number): ServingError {
  return new ServingError("DATA_LOSS", `${how} record at ${offset}`);
}
