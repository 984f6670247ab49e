export { type CachedSource, type CacheOptions, cachedSource } from "./cached-source.ts";
export { CollateralError, type CollateralErrorCode } from "./errors.ts";
export { fileSource } from "./file-source.ts";
export type { Fetch } from "./pccs-request.ts";
export { type PccsOptions, pccsSource } from "./pccs-source.ts";
export { encodeMarks, noMemory, parseMarks, type RollbackMemory } from "./rollback-memory.ts";
export { parseSignedText, type SignedMember, type SignedText } from "./signed-text.ts";
export { type SnpVerifier, type SnpVerifierOptions, snpVerifier } from "./snp-verifier.ts";
export type { CollateralSource } from "./source.ts";
