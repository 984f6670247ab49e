import { trustedRootFromPem } from "@sealserve/attestation";
import { encodeUtf8 } from "@sealserve/core";
import { type CollateralOptions, createVendor, type Vendor } from "@sealserve/simulator";
import type { FetchedDocument } from "../../src/provider.ts";
import type { DocumentId } from "../../src/store/document-key.ts";
import type { VerifyContext } from "../../src/verify-document.ts";

export const now = new Date("2026-06-01T12:00:00Z");
export const DAY_MS = 24 * 3600 * 1000;

export const vendor = await createVendor({ now });
export const root = await trustedRootFromPem(vendor.rootPem);
export const context: VerifyContext = { trust: { root, clock: { now } }, fetchedAt: now };
export const fmspc = vendor.machine.fmspc.toUpperCase();

export const tcbInfoId: DocumentId = { kind: "tcb-info", tee: "sgx", fmspc, version: 4, update: "standard" };
export const identityId: DocumentId = { kind: "identity", identity: "QE", version: 4, update: "standard" };
export const pckCrlId: DocumentId = { kind: "pck-crl", ca: "platform" };
export const rootCrlId: DocumentId = { kind: "root-ca-crl" };

/** The documents of a vendor in the form in which upstream sends them. */
export interface Documents {
  readonly tcbInfo: FetchedDocument;
  readonly identity: FetchedDocument;
  readonly pckCrl: FetchedDocument;
  readonly rootCaCrl: FetchedDocument;
}

export async function documentsOf(options: CollateralOptions = {}, from: Vendor = vendor): Promise<Documents> {
  const made = await from.collateral(options);
  const signed = (member: string, text: string, signature: string): Uint8Array =>
    encodeUtf8(`{"${member}":${text},"signature":"${signature}"}`);
  return {
    tcbInfo: {
      body: signed("tcbInfo", made.tcbInfo, made.tcbInfoSignature),
      issuerChain: made.tcbInfoIssuerChain,
    },
    identity: {
      body: signed("enclaveIdentity", made.qeIdentity, made.qeIdentitySignature),
      issuerChain: made.qeIdentityIssuerChain,
    },
    pckCrl: { body: made.pckCrl, issuerChain: made.pckCrlIssuerChain },
    rootCaCrl: { body: made.rootCaCrl, issuerChain: made.pckCrlIssuerChain },
  };
}
