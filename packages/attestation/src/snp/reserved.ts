import { type ByteReader, isZero } from "@sealserve/core";
import { AttestationError } from "../errors.ts";

/** Skips reserved bytes, which must be zero: what they will mean some day nobody here can judge. @throws AttestationError `snp-report-malformed` */
export function skipReserved(reader: ByteReader, length: number): void {
  const { offset } = reader;
  if (!isZero(reader.bytes(length))) {
    throw malformed(`has reserved bytes set from offset ${offset}`, "zero bytes");
  }
}

/** The refusal of a report for its form. */
export function malformed(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("snp-report-malformed", `SEV-SNP report ${fault}`, { expected, actual });
}
