/** TDATTRIBUTES of a trust domain (Intel TDX module ABI specification, TD attributes). */
export interface TdAttributes {
  /** The 64 bits. */
  readonly flags: bigint;
  /** Bits 0 to 7, the TUD group: any of them makes the TD untrusted, bit 0 by debugging it. */
  readonly debug: boolean;
  /** Bit 28: the host cannot make the TD take an exception on a page that is missing. */
  readonly septVeDisable: boolean;
  /** Bit 29: the TD may be moved to another machine. */
  readonly migratable: boolean;
  /** The 8 bytes as they stand. */
  readonly raw: Uint8Array;
}

const TUD_GROUP = 0xffn;
const SEPT_VE_DISABLE = 28n;
const MIGRATABLE = 29n;

/** @param raw 8 bytes, little endian */
export function parseTdAttributes(raw: Uint8Array): TdAttributes {
  const flags = new DataView(raw.buffer, raw.byteOffset, raw.byteLength).getBigUint64(0, true);
  return {
    flags,
    debug: (flags & TUD_GROUP) !== 0n,
    septVeDisable: ((flags >> SEPT_VE_DISABLE) & 1n) === 1n,
    migratable: ((flags >> MIGRATABLE) & 1n) === 1n,
    raw,
  };
}
