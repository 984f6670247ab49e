import { concatBytes, crc32c, maskCrc } from "@sealserve/core";

/** A TFRecord file of these records. */
export function encodeTfRecords(records: readonly Uint8Array[]): Uint8Array {
  return concatBytes(
    ...records.flatMap((record) => {
      const length = new Uint8Array(BigUint64Array.of(BigInt(record.length)).buffer);
      return [length, checksum(length), record, checksum(record)];
    }),
  );
}

function checksum(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(Uint32Array.of(maskCrc(crc32c(bytes))).buffer);
}
