import type { Collateral, IntelQuote } from "@sealserve/attestation";

/**
 * Where a verifier gets collateral. The verifier chooses it: nothing in a quote can name a source, and what comes from
 * one is proven like everything else. Only how recent it is rests on the source and the way from there.
 */
export interface CollateralSource {
  /**
   * Collateral for the platform that made `quote`, not verified yet. Nobody has checked the quote's signature either.
   * @throws CollateralError
   */
  fetchCollateral(quote: IntelQuote): Promise<Collateral>;
}
