import { type Certificate, parseCertificate } from "@sealserve/core";
import { RaTlsError } from "../errors.ts";
import { checkCertificateSize } from "./certificate-size.ts";
import { checkEvidenceSize } from "./evidence-size.ts";
import { verifyKeyClaims } from "./key-claims.ts";
import { CLEAN_QUOTE_OID, GRAMINE_QUOTE_OID, TAGGED_EVIDENCE_OID } from "./object-identifiers.ts";
import { parseKeyKind, type RaTlsKeyKind } from "./public-key.ts";
import { reportDataOver } from "./report-data.ts";
import { parseTaggedEvidence } from "./tagged-evidence.ts";

/** What an RA-TLS certificate says. Nothing of it is proven before its evidence is verified and appraised. */
export interface RaTlsCertificate {
  /** SubjectPublicKeyInfo (DER). TLS proves that the peer holds the private key. */
  readonly publicKeyInfo: Uint8Array;
  readonly keyKind: RaTlsKeyKind;
  readonly evidence: Uint8Array;
  readonly form: "legacy" | "tagged";
  /** The 64 bytes that the evidence carries as report data when it speaks for this key and was made by Gramine. */
  readonly expectedReportData: Uint8Array;
  /** When the evidence was asked for, as its claims say; the evidence covers it. */
  readonly issuedAt: Date | undefined;
}

/**
 * Reads the certificate of an enclave of any Gramine generation, at most 16 KiB. Tagged evidence counts when there is any,
 * whatever a legacy quote beside it says. The dates, names and self-signature say nothing about an enclave and are not
 * looked at.
 *
 * @param der the certificate that TLS proved the peer to hold the key of
 * @throws CoreError `bad-der`, `bad-certificate`; RaTlsError
 */
export async function parseRaTlsCertificate(der: Uint8Array): Promise<RaTlsCertificate> {
  const certificate = parseCertificate(checkCertificateSize(der));
  const keyKind = parseKeyKind(certificate.publicKeyInfo);
  const tagged = certificate.extensions.get(TAGGED_EVIDENCE_OID);
  const bound =
    tagged === undefined ? await readLegacy(certificate) : await readTagged(tagged.value, certificate.publicKeyInfo);
  return { publicKeyInfo: certificate.publicKeyInfo, keyKind, ...bound };
}

type BoundEvidence = Pick<RaTlsCertificate, "evidence" | "form" | "expectedReportData" | "issuedAt">;

async function readTagged(value: Uint8Array, publicKeyInfo: Uint8Array): Promise<BoundEvidence> {
  const { evidence, claims } = parseTaggedEvidence(value);
  const { issuedAt } = await verifyKeyClaims(claims, publicKeyInfo);
  return { evidence, form: "tagged", expectedReportData: await reportDataOver(claims), issuedAt };
}

async function readLegacy(certificate: Certificate): Promise<BoundEvidence> {
  const [first, second] = [GRAMINE_QUOTE_OID, CLEAN_QUOTE_OID].flatMap((oid) => certificate.extensions.get(oid) ?? []);
  if (first === undefined) {
    throw new RaTlsError("no-evidence", "the certificate carries no evidence", {
      remedy: "connect with an RA-TLS certificate, as Gramine's secret provisioning library makes it",
    });
  }
  if (second !== undefined) {
    throw new RaTlsError("ambiguous-evidence", "the certificate carries two legacy quotes");
  }
  const evidence = checkEvidenceSize(first.value);
  const expectedReportData = await reportDataOver(certificate.publicKeyInfo);
  return { evidence, form: "legacy", expectedReportData, issuedAt: undefined };
}
