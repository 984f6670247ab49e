import assert from "node:assert/strict";
import {
  type AttestationErrorCode,
  trustedRootFromPem,
  type VerifiedEvidence,
  verifyEvidence,
} from "@sealserve/attestation";
import { generateEcKey } from "@sealserve/core";
import type { CollateralOptions } from "../src/vendor/collateral.ts";
import type { QuoteOptions } from "../src/vendor/quote.ts";
import { createVendor, type Vendor, type VendorOptions } from "../src/vendor/vendor.ts";

export const now = new Date("2026-06-01T12:00:00.750Z");
export const DAY_MS = 24 * 3600 * 1000;
export const days = (count: number): Date => new Date(now.getTime() + count * DAY_MS);

export const mrEnclave = "5e".repeat(32);
export const reportData = Uint8Array.from({ length: 64 }, (_, index) => index);

export const vendor = await createVendor({ now });
export const stranger = await createVendor({ now });
export const properChain = (await vendor.collateral()).tcbInfoIssuerChain;
export const strangerKey = await generateEcKey("P-256");

type VerifiedSgx = Extract<VerifiedEvidence, { tee: "sgx" }>;

export interface Attempt {
  readonly of?: Vendor;
  readonly quote?: Partial<QuoteOptions>;
  readonly collateral?: CollateralOptions;
  readonly at?: Date;
}

export async function verify({ of: made = vendor, quote, collateral, at = now }: Attempt): Promise<VerifiedSgx> {
  const bytes = await made.quote({ mrEnclave, reportData, ...quote });
  const root = await trustedRootFromPem(made.rootPem);
  const evidence = await verifyEvidence(bytes, await made.collateral(collateral), { now: at, root });
  assert.equal(evidence.tee, "sgx");
  return evidence as VerifiedSgx;
}

export async function refused(code: AttestationErrorCode | RegExp, attempt: Attempt): Promise<void> {
  await assert.rejects(verify(attempt), { name: "AttestationError", code });
}

export async function refusedVendor(
  code: AttestationErrorCode | RegExp,
  options: Partial<VendorOptions>,
): Promise<void> {
  await refused(code, { of: await createVendor({ now, ...options }) });
}
