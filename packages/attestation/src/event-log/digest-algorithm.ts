/** A digest algorithm that an event log can use. */
export type DigestAlgorithm = "sha1" | "sha256" | "sha384" | "sha512" | "sm3_256";

/** Name of a digest algorithm, and the bytes of its digests. */
export interface DigestKind {
  readonly name: DigestAlgorithm;
  readonly size: number;
}

/** Digest algorithms by their identifiers in a log (TCG Algorithm Registry, TPM_ALG_ID). */
export const DIGEST_KINDS: ReadonlyMap<number, DigestKind> = new Map<number, DigestKind>([
  [0x0004, { name: "sha1", size: 20 }],
  [0x000b, { name: "sha256", size: 32 }],
  [0x000c, { name: "sha384", size: 48 }],
  [0x000d, { name: "sha512", size: 64 }],
  [0x0012, { name: "sm3_256", size: 32 }],
]);

/** The one algorithm with which TDX extends its registers. */
export const RTMR_DIGEST = { name: "sha384", size: 48 } as const satisfies DigestKind;
