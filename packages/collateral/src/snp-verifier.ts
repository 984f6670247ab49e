import {
  AttestationError,
  isIssuerRevoked,
  type SnpCollateral,
  type TrustedRoot,
  type VerifiedSnpCollateral,
  type VerifyOptions,
  verifySnpCollateral,
} from "@sealserve/attestation";
import { parseCertificateRevocationList } from "@sealserve/core";
import { type Mark, rootListMarks } from "./collateral-marks.ts";
import { RollbackGuard } from "./rollback-guard.ts";
import type { RollbackMemory } from "./rollback-memory.ts";

/** Verifies SEV-SNP collateral and never goes back to an older revocation list, which AMD lets count for about a year. */
export interface SnpVerifier {
  /**
   * As `verifySnpCollateral`.
   * @throws AttestationError
   * @throws CollateralError `rolled-back` for a list that is older than one seen before, or for none after one
   */
  verify(collateral: SnpCollateral): Promise<VerifiedSnpCollateral>;
  /** Whether collateral that it verified may still be used: no newer list has been seen since. */
  holds(collateral: VerifiedSnpCollateral): boolean;
}

/** What a verifier of SEV-SNP collateral works with. */
export interface SnpVerifierOptions {
  readonly root: TrustedRoot;
  readonly now: () => Date;
  /** Its own: a memory serves one verifier or one cache. Default: none. */
  readonly memory?: RollbackMemory;
}

/** Makes a verifier that remembers the newest list of each root. */
export function snpVerifier({ root, now, memory }: SnpVerifierOptions): SnpVerifier {
  const guard = new RollbackGuard(memory);
  return {
    verify: async (collateral) => {
      const verified = await verifyOrRevoke(collateral, { root, now: now() }, guard);
      await guard.advance(marksOf(verified));
      return verified;
    },
    holds: (collateral) => guard.allows(marksOf(collateral)),
  };
}

/** A list that revokes the very authorities beside it is proven, and remembered although nothing else comes of it. */
async function verifyOrRevoke(
  collateral: SnpCollateral,
  options: VerifyOptions,
  guard: RollbackGuard,
): Promise<VerifiedSnpCollateral> {
  const list = collateral.crl && new Uint8Array(collateral.crl);
  try {
    return await verifySnpCollateral({ ...collateral, ...(list && { crl: list }) }, options);
  } catch (error) {
    if (error instanceof AttestationError && isIssuerRevoked(error.code) && list !== undefined) {
      const { issuer, thisUpdate, number } = parseCertificateRevocationList(list);
      await guard.advance(rootListMarks({ root: issuer.commonName ?? "", issued: thisUpdate, number }));
    }
    throw error;
  }
}

function marksOf({ product, crlIssued, crlNumber }: VerifiedSnpCollateral): Mark[] {
  return rootListMarks({ root: `ARK-${product}`, issued: crlIssued, number: crlNumber });
}
