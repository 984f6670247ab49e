import type { Collateral } from "@sealserve/attestation";
import type { CollateralSource } from "./source.ts";

/** A source that always gives this collateral. For a quote of another platform the verifier refuses it. */
export function fileSource(collateral: Collateral): CollateralSource {
  return { fetchCollateral: async () => collateral };
}
