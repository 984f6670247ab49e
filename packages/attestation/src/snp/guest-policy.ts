import { AttestationError } from "../errors.ts";

/** What the owner of a guest allowed and demanded at its launch (SEV Secure Nested Paging firmware ABI specification, guest policy). */
export interface SnpGuestPolicy {
  /** The 64 bits. */
  readonly flags: bigint;
  /** The least version of the firmware's interface under which the guest runs. */
  readonly minimumAbi: { readonly major: number; readonly minor: number };
  readonly smtAllowed: boolean;
  /** The guest may be bound to a migration agent, which can move it to another machine. */
  readonly migrationAgentAllowed: boolean;
  /** The host may read and change the guest's memory. */
  readonly debug: boolean;
  readonly singleSocket: boolean;
  readonly cxlAllowed: boolean;
  readonly aes256XtsRequired: boolean;
  readonly raplDisabled: boolean;
  readonly ciphertextHiding: boolean;
  readonly pageSwapDisabled: boolean;
}

/** Always set. */
const RESERVED_ONE = 1n << 17n;
const FIRST_RESERVED_ZERO = 26n;

/** @throws AttestationError `snp-report-policy-reserved` */
export function parseSnpGuestPolicy(flags: bigint): SnpGuestPolicy {
  if ((flags & RESERVED_ONE) === 0n || flags >> FIRST_RESERVED_ZERO !== 0n) {
    throw new AttestationError(
      "snp-report-policy-reserved",
      "guest policy has reserved bits that are not as they must be",
      {
        expected: "bit 17 set, bits 26 to 63 clear",
        actual: `0x${flags.toString(16)}`,
      },
    );
  }
  const has = (bit: bigint): boolean => ((flags >> bit) & 1n) === 1n;
  return {
    flags,
    minimumAbi: { major: Number((flags >> 8n) & 0xffn), minor: Number(flags & 0xffn) },
    smtAllowed: has(16n),
    migrationAgentAllowed: has(18n),
    debug: has(19n),
    singleSocket: has(20n),
    cxlAllowed: has(21n),
    aes256XtsRequired: has(22n),
    raplDisabled: has(23n),
    ciphertextHiding: has(24n),
    pageSwapDisabled: has(25n),
  };
}
