// Evidence and collateral for the tests, made by the simulated vendor: true formats under a root of its own.
import assert from "node:assert/strict";
import {
  type CertificateOptions,
  createCertificate,
  type EcCurve,
  type EcSigningKey,
  generateEcKey,
  importPkcs8,
  parseCertificate,
} from "@sealserve/core";
import {
  type Authority,
  createVendor,
  type QuoteOptions,
  SIMULATED_ORGANISATION,
  type Vendor,
} from "@sealserve/simulator";
import { AttestationError, type AttestationErrorCode } from "../src/errors.ts";
import { type TrustedRoot, trustedRootFromPem } from "../src/trust/trusted-root.ts";
import type { VerifyOptions } from "../src/verify/verify-options.ts";

export const NOW = new Date("2026-03-01T12:00:00Z");
export const DAY_MS = 24 * 3600 * 1000;

/** What a certificate that signs documents may do. */
export const DIGITAL_SIGNATURE = { keyUsage: ["digitalSignature"] } as const;

export const MR_ENCLAVE = "a1".repeat(32);
export const MR_SIGNER = "b2".repeat(32);
export const REPORT_DATA: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => 0xc0 + index / 4);

/** A quote about the enclave that the tests expect. */
export const ENCLAVE: QuoteOptions = {
  mrEnclave: MR_ENCLAVE,
  mrSigner: MR_SIGNER,
  isvProdId: 7,
  isvSvn: 3,
  reportData: REPORT_DATA,
};

export const vendor: Vendor = await createVendor({ now: NOW });
export const root: TrustedRoot = await trustedRootFromPem(vendor.rootPem);
export const options: VerifyOptions = { now: NOW, root };

export function daysLater(days: number): Date {
  return new Date(NOW.getTime() + days * DAY_MS);
}

/** Another certificate by the root of {@link vendor}. */
export async function issueUnderRoot(
  commonName: string,
  profile: Partial<CertificateOptions>,
  curve: EcCurve = "P-256",
): Promise<Authority> {
  const key = await generateEcKey(curve);
  const der = await createCertificate({
    subject: [
      { type: "CN", value: commonName },
      { type: "O", value: SIMULATED_ORGANISATION },
    ],
    issuer: vendor.root.certificate.subject,
    serialNumber: 77,
    notBefore: daysLater(-1),
    notAfter: daysLater(365),
    publicKeyInfo: key.publicKeyInfo,
    signer: vendor.root.key,
    ...profile,
  });
  return { key, certificate: parseCertificate(der) };
}

/** The key of an authority, signing with another hash function than the profile has. */
export async function withSha384({ key }: Authority): Promise<EcSigningKey> {
  return importPkcs8(await key.exportPkcs8(), "ecdsa-with-sha384");
}

/** Matches an {@link AttestationError} with this code. */
export function refusal(code: AttestationErrorCode): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof AttestationError, `not a refusal: ${String(error)}`);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

/** Ways to hand over bytes. A part of a Buffer that its `slice` gives is no copy: it changes with the whole. */
export const COPIES: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  "a Uint8Array": (bytes) => Uint8Array.from(bytes),
  "a Buffer of Node": (bytes) => Buffer.from(bytes),
};

/** A copy with one bit of one byte inverted. */
export function flipped(bytes: Uint8Array, offset: number, mask = 0x01): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[offset] = (copy[offset] ?? 0) ^ mask;
  return copy;
}

/** A copy with `replacement` at `offset`. */
export function patched(bytes: Uint8Array, offset: number, replacement: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(replacement, offset);
  return copy;
}
