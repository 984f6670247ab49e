import type { ByteReader } from "@sealserve/core";
import { skipReserved } from "./reserved.ts";

/** Version of the firmware of the secure processor, written as `major.minor.build`. */
export interface SnpFirmwareVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** Reads the four bytes of a report. @throws AttestationError `snp-report-malformed` */
export function readFirmwareVersion(reader: ByteReader): SnpFirmwareVersion {
  const version = { build: reader.u8(), minor: reader.u8(), major: reader.u8() };
  skipReserved(reader, 1);
  return version;
}
