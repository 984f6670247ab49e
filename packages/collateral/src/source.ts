import type { Collateral, SgxQuote } from "@sealserve/attestation";

/**
 * Where a verifier gets collateral. The verifier chooses it: nothing in a quote can name a source, and what comes from
 * one is proven like everything else, so that the way it took does not matter.
 */
export interface CollateralSource {
  /**
   * Collateral for the platform that made `quote`, not verified yet.
   * @throws CollateralError
   */
  fetchCollateral(quote: SgxQuote): Promise<Collateral>;
}
