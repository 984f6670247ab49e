// SEV-SNP evidence and collateral for the tests, made by the simulated vendor: true formats under roots of its own.
import assert from "node:assert/strict";
import type { SigningKey } from "@sealserve/core";
import {
  type Authority,
  createSnpVendor,
  type SnpReportOptions,
  type SnpVendor,
  type SnpVendorOptions,
  sharedSnpKeys,
  type VekKind,
} from "@sealserve/simulator";
import type { AttestationErrorCode } from "../src/errors.ts";
import type { SnpProduct } from "../src/tee/snp-product.ts";
import { type TrustedRoot, trustedRootFromPem } from "../src/trust/trusted-root.ts";
import type { SnpCollateral } from "../src/verify/snp/snp-collateral.ts";
import type { VerifiedSnpCollateral } from "../src/verify/snp/verified-snp-collateral.ts";
import { verifyEvidence } from "../src/verify/verify-evidence.ts";
import type { VerifyOptions } from "../src/verify/verify-options.ts";
import { NOW, REPORT_DATA, refusal } from "./simulated.ts";

export const MEASUREMENT = "a1".repeat(48);
export const HOST_DATA = "b2".repeat(32);

/** A report about the guest that the tests expect. */
export const GUEST: SnpReportOptions = { measurement: MEASUREMENT, hostData: HOST_DATA, reportData: REPORT_DATA };

// One set for all products: RSA keys are slow to make.
const keys = await sharedSnpKeys("Milan");

/** A vendor with the keys of all others here. */
export function snpVendor(product: SnpProduct, options: Partial<SnpVendorOptions> = {}): Promise<SnpVendor> {
  return createSnpVendor({ now: NOW, product, keys, ...options });
}

export const vendors: Readonly<Record<SnpProduct, SnpVendor>> = {
  Milan: await snpVendor("Milan"),
  Genoa: await snpVendor("Genoa"),
  Turin: await snpVendor("Turin"),
};

/** Trusts the key that all vendors here have as their root. */
export const snpRoot: TrustedRoot = await trustedRootFromPem(vendors.Milan.arkPem);
export const snpOptions: VerifyOptions = { now: NOW, root: snpRoot };

/** Bytes of a certificate, DER. */
export function derOf({ certificate }: Authority<SigningKey>): Uint8Array {
  return certificate.raw;
}

/** The issuers of a vendor, without the certificate of an endorsement key and without list. */
export function issuersOf(vendor: SnpVendor, kind: VekKind = "vcek"): SnpCollateral {
  return { ask: derOf(kind === "vcek" ? vendor.ask : vendor.asvk), ark: vendor.arkPem };
}

/** Everything that a report of this vendor needs. */
export async function fullCollateral(vendor: SnpVendor, kind: VekKind = "vcek"): Promise<SnpCollateral> {
  return { ...issuersOf(vendor, kind), vek: derOf(vendor[kind]), crl: await vendor.crl() };
}

/** Refuses evidence with exactly this code. */
export async function refusesSnp(
  evidence: Uint8Array,
  collateral: SnpCollateral | VerifiedSnpCollateral,
  code: AttestationErrorCode,
  options: VerifyOptions = snpOptions,
): Promise<void> {
  await assert.rejects(verifyEvidence(evidence, collateral, options), refusal(code));
}
