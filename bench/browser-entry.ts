/** What a requester's page imports to check evidence before it sends data. `bench/browser-bundle.ts` measures its size. */
export {
  AttestationError,
  appraise,
  parseCollateralFile,
  parseEvidence,
  parsePolicy,
  trustedRootFromPem,
  vendorRoot,
  verifyCollateral,
  verifyEvidence,
} from "@sealserve/attestation";
