import {
  appraise,
  parsePolicy,
  trustedRootFromPem,
  type VerifiedEvidence,
  verifyCollateral,
  verifyEvidence,
} from "@sealserve/attestation";
import { createVendor } from "@sealserve/simulator";
import { expectBound } from "../src/certificate/report-data.ts";
import type { EvidenceVerifier } from "../src/certificate/verify.ts";

export const MR_ENCLAVE = "11".repeat(32);
export const OTHER_MR_ENCLAVE = "22".repeat(32);

export const vendor = await createVendor({ now: new Date(Date.now() - 60_000) });
export const root = await trustedRootFromPem(vendor.rootPem);
/** Verified once, as a server does. */
const collateral = await verifyCollateral(await vendor.collateral(), { now: new Date(), root });

/** What the platform of an enclave answers. */
export function quoteOf(mrEnclave = MR_ENCLAVE): (reportData: Uint8Array) => Promise<Uint8Array> {
  return (reportData) => vendor.quote({ mrEnclave, reportData });
}

/** Why a policy refused. */
export class PolicyRefusal extends Error {}

/** The true verifier and policy: genuine evidence of this enclave. */
export function verifierOf(mrEnclave = MR_ENCLAVE, now = (): Date => new Date()): EvidenceVerifier<VerifiedEvidence> {
  return async (bytes, binding) => {
    const evidence = await verifyEvidence(bytes, collateral, { now: now(), root });
    const reportData = expectBound(evidence.report.reportData, binding);
    const { accepted, reasons } = appraise(evidence, parsePolicy({ sgx: { mrEnclave: [mrEnclave] } }), { reportData });
    if (!accepted) {
      throw new PolicyRefusal(reasons.map(({ code }) => code).join(", "));
    }
    return evidence;
  };
}
