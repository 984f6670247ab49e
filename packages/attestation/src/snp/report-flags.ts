import { malformed } from "./reserved.ts";

/** Keys that sign reports: the chip's own, or one that its vendor gave to a cloud provider. */
export type SnpSigningKey = "vcek" | "vlek";

/** Which keys have to do with a report (SEV Secure Nested Paging firmware ABI specification, ATTESTATION_REPORT at 048h). */
export interface SnpReportFlags {
  /** AUTHOR_KEY_EN: a key of the author has signed the guest owner's identity key. */
  readonly authorKeyEnabled: boolean;
  /** MASK_CHIP_KEY: the platform does not sign with the key of the chip. */
  readonly maskChipKey: boolean;
  /** SIGNING_KEY; `none` for a report that nothing signs, `reserved` for values without a meaning today. */
  readonly signingKey: SnpSigningKey | "none" | "reserved";
}

const SIGNING_KEYS: ReadonlyMap<number, SnpReportFlags["signingKey"]> = new Map<number, SnpReportFlags["signingKey"]>([
  [0, "vcek"],
  [1, "vlek"],
  [7, "none"],
]);

const FIRST_RESERVED = 5;

/** @param flags 32 bits @throws AttestationError `snp-report-malformed` */
export function parseSnpReportFlags(flags: number): SnpReportFlags {
  if (flags >>> FIRST_RESERVED !== 0) {
    throw malformed("has reserved flags set", `bits ${FIRST_RESERVED} to 31 clear`, `0x${flags.toString(16)}`);
  }
  return {
    authorKeyEnabled: (flags & 1) !== 0,
    maskChipKey: (flags & 2) !== 0,
    signingKey: SIGNING_KEYS.get((flags >>> 2) & 7) ?? "reserved",
  };
}
