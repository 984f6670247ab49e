/** How the platform is configured (SEV Secure Nested Paging firmware ABI specification, PLATFORM_INFO). */
export interface SnpPlatformInfo {
  /** The 64 bits. Some are set on hardware before they are published. */
  readonly flags: bigint;
  /** Threads may share a core. */
  readonly smt: boolean;
  /** All memory is encrypted. */
  readonly tsme: boolean;
  /** Memory has error correction. */
  readonly ecc: boolean;
  /** Nobody can read how much power is drawn. */
  readonly raplDisabled: boolean;
  /** The host cannot read the ciphertext of the guest's memory. */
  readonly ciphertextHiding: boolean;
  /** No memory module answers at two addresses. */
  readonly aliasCheckComplete: boolean;
  /** Trusted I/O is in use. */
  readonly tio: boolean;
}

/** Names every known bit of PLATFORM_INFO; unknown ones are let through. */
export function parseSnpPlatformInfo(flags: bigint): SnpPlatformInfo {
  const has = (bit: bigint): boolean => ((flags >> bit) & 1n) === 1n;
  return {
    flags,
    smt: has(0n),
    tsme: has(1n),
    ecc: has(2n),
    raplDisabled: has(3n),
    ciphertextHiding: has(4n),
    aliasCheckComplete: has(5n),
    tio: has(7n),
  };
}
