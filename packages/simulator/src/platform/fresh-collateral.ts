import type { Collateral } from "@sealserve/attestation";
import type { IntelTee } from "../vendor/intel-tee.ts";
import type { Vendor } from "../vendor/vendor.ts";

/** Documents older than this are signed anew, long before they expire. */
const RENEW_AFTER_MS = 24 * 3600 * 1000;

/** The vendor's collateral for `tee`, signed at the first call and again when a day has passed. */
export function freshCollateral(vendor: Vendor, now: () => Date, tee: IntelTee = "sgx"): () => Promise<Collateral> {
  let signedAt = Number.NEGATIVE_INFINITY;
  let collateral: Promise<Collateral> | undefined;
  return () => {
    const time = now();
    if (collateral === undefined || time.getTime() - signedAt >= RENEW_AFTER_MS) {
      signedAt = time.getTime();
      collateral = vendor.collateral({ now: time, tee });
    }
    return collateral;
  };
}
