import { type Certificate, type EcdsaVerifier, ecdsaVerifier, parseEcPublicKeyInfo } from "@sealserve/core";
import { parseVekExtension, type VekExtension } from "../../snp/vek-extension.ts";
import { type ChainTrust, verifyCertificates } from "../certificate-chain.ts";
import type { Window } from "../window.ts";
import type { SnpAuthority } from "./authorities.ts";
import { readCertificate } from "./snp-collateral.ts";

/** An endorsement key whose chain is proven. Time is not checked. */
export interface VerifiedVek {
  /** Hex octets; AMD gives all of them the number 0. */
  readonly serialNumber: string;
  readonly extension: VekExtension;
  /** Verifies with the endorsement key. */
  readonly verify: EcdsaVerifier;
  readonly windows: readonly Window[];
}

/** What the certificate of an endorsement key is held against. */
export interface VekEndorsements {
  readonly trust: ChainTrust;
  readonly authority: SnpAuthority;
  readonly ask: Certificate;
  readonly ark: Certificate;
}

/**
 * Proves the certificate of an endorsement key under its CA. No list can take it back: AMD lists CAs alone, and a key ends
 * with its TCB.
 * @param der the certificate
 * @throws AttestationError `snp-chain-malformed`, `snp-chain-invalid`, `snp-vek-extension-malformed`
 */
export async function verifyVek(der: Uint8Array, endorsements: VekEndorsements): Promise<VerifiedVek> {
  const { trust, authority, ask, ark } = endorsements;
  const certificate = readCertificate(der, authority.vek.what, trust.pool);
  const { leaf, windows } = await verifyCertificates([certificate, ask, ark], authority.vek, trust);
  const extension = parseVekExtension(leaf);
  const verify = await ecdsaVerifier(parseEcPublicKeyInfo(leaf.publicKeyInfo), "SHA-384");
  return { serialNumber: leaf.serialNumber, extension, verify, windows };
}
