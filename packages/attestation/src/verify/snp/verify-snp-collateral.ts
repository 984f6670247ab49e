import type { Certificate } from "@sealserve/core";
import { digestMembers } from "../../collateral/collateral-digest.ts";
import { AttestationError } from "../../errors.ts";
import { verifyCertificates } from "../certificate-chain.ts";
import { certificatePool } from "../certificate-pool.ts";
import { type CrlKind, refuseRevoked, type VerifiedCrl, verifyCrl } from "../revocation.ts";
import type { VerifyOptions } from "../verify-options.ts";
import { expectCurrent, snapshotClock } from "../window.ts";
import { SNP_AUTHORITIES, type SnpAuthority } from "./authorities.ts";
import {
  type CertificateSource,
  certificateBytes,
  readCertificate,
  type SnpCollateral,
  snapshotSnpCollateral,
} from "./snp-collateral.ts";
import { sealSnpCollateral, type VerifiedSnpCollateral } from "./verified-snp-collateral.ts";
import { verifyVek } from "./verified-vek.ts";

const ROOT_CRL: CrlKind = {
  what: "CRL of the AMD Root Key",
  signatureAlgorithm: "rsa-pss-sha384",
  malformed: "snp-crl-malformed",
  foreign: "snp-crl-issuer-mismatch",
  forged: "snp-crl-signature-invalid",
};

const NOTHING = new Uint8Array(0);

/**
 * Proves a set of SEV-SNP collateral, everything that does not depend on a report: the CA of endorsement keys under the
 * trusted root of its product, an endorsement key where one is given, and the root's revocation list likewise. Without a list nothing is known of
 * revocations; evidence says so, and a policy that pins software refuses it.
 * @throws AttestationError with the code of the first check that fails; `snp-chain-missing` without CA or root
 */
export async function verifySnpCollateral(
  collateral: SnpCollateral,
  options: VerifyOptions,
): Promise<VerifiedSnpCollateral> {
  const given = snapshotSnpCollateral(collateral);
  const clock = snapshotClock(options);
  const ask = readIssuer(given.ask, "ASK or ASVK");
  const ark = readIssuer(given.ark, "ARK");
  const authority = authorityOf(ask);
  const trust = { rootKey: options.root.amd[authority.product], pool: certificatePool };
  const chain = await verifyCertificates([ask, ark], authority.issuers, trust);
  const crl = given.crl === undefined ? undefined : await verifyCrl(given.crl, chain.root, ROOT_CRL, trust.pool);
  if (crl !== undefined) {
    // First, so that a revocation is always told by a list that counts now, not by one that was kept and sent again.
    expectCurrent([crl.window], clock);
    refuseRevokedIssuers(chain, crl);
  }
  const vek = given.vek === undefined ? undefined : certificateBytes(given.vek, authority.vek.what);
  const suppliedVek = vek && (await verifyVek(vek, { trust, authority, ask, ark }));
  const windows = [...chain.windows, ...(crl === undefined ? [] : [crl.window]), ...(suppliedVek?.windows ?? [])];
  expectCurrent(windows, clock);
  const digest = await digestOf(ask, ark, vek, given.crl);
  return sealSnpCollateral({ trust, authority, ask, ark, crl, windows, suppliedVek, digest });
}

function readIssuer(source: CertificateSource | undefined, what: string): Certificate {
  if (source === undefined) {
    throw new AttestationError("snp-chain-missing", `no ${what} certificate was given`, {
      expected: "ASK (or ASVK) and ARK, in the collateral or beside the report",
      actual: `no ${what}`,
      remedy: "fetch them from AMD's key distribution service (cert_chain)",
    });
  }
  return readCertificate(source, what, certificatePool);
}

/** Its name says which generation it certifies, and which kind of keys; the proof of its chain holds it to that. */
function authorityOf({ subject: { commonName = "" } }: Certificate): SnpAuthority {
  const authority = SNP_AUTHORITIES.get(commonName);
  if (authority === undefined) {
    throw new AttestationError("snp-chain-invalid", "certificate given as ASK is of no known CA for endorsement keys", {
      expected: [...SNP_AUTHORITIES.keys()].join(" or "),
      actual: commonName,
    });
  }
  return authority;
}

function refuseRevokedIssuers({ leaf, root }: { leaf: Certificate; root: Certificate }, crl: VerifiedCrl): void {
  refuseRevoked(root, crl, "root-revoked");
  refuseRevoked(leaf, crl, "snp-ask-revoked");
}

/** Over the certificates in DER and the list; what was not given counts as empty. */
function digestOf(ask: Certificate, ark: Certificate, vek?: Uint8Array, crl?: Uint8Array): Promise<string> {
  return digestMembers([ask.raw, ark.raw, vek ?? NOTHING, crl ?? NOTHING]);
}
