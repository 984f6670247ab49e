import { AttestationError } from "../../errors.ts";
import type { SnpSigningKey } from "../../snp/report-flags.ts";
import type { SnpReport } from "../../snp/snp-report.ts";
import { type Clock, expectCurrent } from "../window.ts";
import { certificateBytes } from "./snp-collateral.ts";
import { proveVek, snpCollateralFacts, type VerifiedSnpCollateral } from "./verified-snp-collateral.ts";
import type { VerifiedVek } from "./verified-vek.ts";

/**
 * Proves that an endorsement key under the CA of the collateral signed a report, and that it is of the kind that the report
 * names.
 * @throws AttestationError `snp-signing-key-unsupported`, `snp-signing-key-mismatch`, `snp-vek-missing`, the codes of
 * `verifyVek` and of windows, `snp-report-signature-invalid`
 */
export async function proveReportSignature(
  report: SnpReport,
  collateral: VerifiedSnpCollateral,
  clock: Clock,
): Promise<VerifiedVek> {
  expectSigningKey(report, collateral);
  const vek = await endorsementKeyOf(report, collateral);
  expectCurrent(vek.windows, clock);
  if (!(await vek.verify(report.signature, report.signedBytes))) {
    throw new AttestationError(
      "snp-report-signature-invalid",
      "SEV-SNP report is not signed by the endorsement key of the certificate",
    );
  }
  return vek;
}

/**
 * The kind of endorsement key that a report names.
 * @throws AttestationError `snp-signing-key-unsupported` for a report that no key has signed
 */
export function signingKeyOf({ report }: SnpReport): SnpSigningKey {
  const { signingKey } = report;
  if (signingKey !== "vcek" && signingKey !== "vlek") {
    throw new AttestationError("snp-signing-key-unsupported", "SEV-SNP report names no endorsement key that signs it", {
      expected: "vcek or vlek",
      actual: signingKey,
    });
  }
  return signingKey;
}

function expectSigningKey(report: SnpReport, { signingKey: actual }: VerifiedSnpCollateral): void {
  const expected = signingKeyOf(report);
  if (actual !== expected) {
    const message = "collateral is for another kind of endorsement key";
    throw new AttestationError("snp-signing-key-mismatch", message, { expected, actual });
  }
}

/** The key whose certificate was supplied, or else stands beside the report. */
async function endorsementKeyOf(
  { report, certificates }: SnpReport,
  collateral: VerifiedSnpCollateral,
): Promise<VerifiedVek> {
  const { suppliedVek, authority } = snpCollateralFacts(collateral);
  if (suppliedVek !== undefined) {
    return suppliedVek;
  }
  const certificate = certificates[authority.signingKey];
  if (certificate === undefined) {
    throw new AttestationError("snp-vek-missing", "no certificate of the endorsement key was given", {
      expected: `a ${report.signingKey.toUpperCase()} certificate, in the collateral or beside the report`,
      actual: "none",
      remedy: "supply it with the collateral",
    });
  }
  return proveVek(collateral, certificateBytes(certificate, authority.vek.what));
}
