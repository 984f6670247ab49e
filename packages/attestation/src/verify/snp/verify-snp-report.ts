import { AttestationError } from "../../errors.ts";
import type { SnpReport } from "../../snp/snp-report.ts";
import { parseSnpTcb, type SnpTcb } from "../../snp/tcb-version.ts";
import type { SnpProduct } from "../../tee/snp-product.ts";
import type { SnpFacts, SnpTcbs, VekIdentity } from "../verified-evidence.ts";
import type { VerifyOptions } from "../verify-options.ts";
import { earliestEnd, expectCurrent, overdueMs } from "../window.ts";
import { proveReportSignature, signingKeyOf } from "./report-signature.ts";
import { completeCollateral, type SnpCollateral } from "./snp-collateral.ts";
import { expectOneKind, expectSameChip, expectSameProduct, expectSameTcb } from "./vek-match.ts";
import { isVerifiedSnpCollateral, snpCollateralFacts, type VerifiedSnpCollateral } from "./verified-snp-collateral.ts";
import type { VerifiedVek } from "./verified-vek.ts";
import { verifySnpCollateral } from "./verify-snp-collateral.ts";

/**
 * Proves a report of the secure processor of AMD (SEV Secure Nested Paging firmware ABI specification, MSG_REPORT_REQ): its
 * signature by an endorsement key under the trusted root, and that the key belongs to the chip and the TCB that the report
 * states. With {@link VerifiedSnpCollateral} and a key seen before, what remains are one signature check and the time.
 * @throws AttestationError with the code of the first check that fails
 */
export async function verifySnpReport(
  report: SnpReport,
  collateral: SnpCollateral | VerifiedSnpCollateral,
  options: VerifyOptions,
): Promise<SnpFacts> {
  // First, since no collateral can help a report that nothing has signed.
  signingKeyOf(report);
  const endorsements = await currentCollateral(report, collateral, options);
  const { windows } = snpCollateralFacts(endorsements);
  const { product, signingKey } = endorsements;
  const vek = await proveReportSignature(report, endorsements, options);
  // The product first: by its layout the rest is read.
  expectSameProduct(report.report, vek.extension, product);
  expectOneKind(report.report, vek.extension);
  const tcbs = readTcbs(report, product);
  expectSameTcb(tcbs.reported, vek.extension, product);
  expectSameChip(report.report, vek.extension, product);

  const allWindows = [...windows, ...vek.windows];
  return {
    tee: "snp",
    report: report.report,
    product,
    signingKey,
    vek: identityOf(vek, tcbs.reported),
    tcbs,
    revocation: endorsements.revocation,
    simulated: endorsements.simulated,
    verifiedAt: options.now,
    earliestExpiry: earliestEnd(allWindows),
    overdueMs: overdueMs(allWindows, options.now),
    collateralDigest: endorsements.digest,
  };
}

/** Collateral that holds at the time of `options` under their root, verified now or before. */
async function currentCollateral(
  report: SnpReport,
  collateral: SnpCollateral | VerifiedSnpCollateral,
  options: VerifyOptions,
): Promise<VerifiedSnpCollateral> {
  if (!isVerifiedSnpCollateral(collateral)) {
    return verifySnpCollateral(completeCollateral(collateral, report), options);
  }
  const actual = collateral.rootKey;
  const expected = options.root.amd[collateral.product].toLowerCase();
  if (actual !== expected) {
    const message = "collateral was verified under a root other than the trusted one";
    throw new AttestationError("root-untrusted", message, { expected, actual });
  }
  expectCurrent(snpCollateralFacts(collateral).windows, options);
  return collateral;
}

function readTcbs({ report }: SnpReport, product: SnpProduct): SnpTcbs {
  return {
    reported: parseSnpTcb(report.reportedTcb, product),
    current: parseSnpTcb(report.currentTcb, product),
    committed: parseSnpTcb(report.committedTcb, product),
    launch: parseSnpTcb(report.launchTcb, product),
  };
}

function identityOf({ serialNumber, extension }: VerifiedVek, tcb: SnpTcb): VekIdentity {
  const { productName = "", hardwareId, providerId } = extension;
  return { serialNumber, productName, hardwareId, providerId, tcb };
}
