import { createCertificate, encodePem, generateEcKey, type NameAttribute } from "@sealserve/core";
import { checkEvidenceSize } from "./evidence-size.ts";
import { GRAMINE_QUOTE_OID_CONTENT, TAGGED_EVIDENCE_OID } from "./object-identifiers.ts";
import { encodeKeyClaims, encodeTaggedEvidence, reportDataOver } from "./tagged-evidence.ts";

const NAME: NameAttribute[] = [
  { type: "CN", value: "RATLS" },
  { type: "O", value: "GramineDevelopers" },
  { type: "C", value: "US" },
];
const NOT_BEFORE = new Date("2001-01-01T00:00:00Z");
const NOT_AFTER = new Date("2030-12-31T23:59:59Z");

/** How to make a certificate with {@link createRaTlsCertificate}. */
export interface RaTlsCertificateOptions {
  /** Default P-384, as Gramine. */
  readonly key?: "P-384" | "P-256";
  /** Asks the platform for evidence over 64 bytes of report data. Called twice, one after the other. */
  readonly quote: (reportData: Uint8Array) => Promise<Uint8Array>;
  /** Default 2001-01-01, as Gramine. */
  readonly notBefore?: Date;
  /** Default the end of 2030, as Gramine. Verifiers of evidence do not look at it. */
  readonly notAfter?: Date;
}

/** A certificate and the key it speaks for. */
export interface RaTlsKeyAndCertificate {
  readonly certificateDer: Uint8Array;
  readonly certificatePem: string;
  /** PKCS#8. Secret. */
  readonly privateKeyPem: string;
}

/**
 * Makes a key and a self-signed certificate that carries evidence for it, in the form of Gramine 1.8 and later: a
 * legacy quote over the key, and tagged evidence over claims that name the key.
 * @throws RaTlsError `bad-evidence` when the platform answers with evidence of an impossible size
 */
export async function createRaTlsCertificate(options: RaTlsCertificateOptions): Promise<RaTlsKeyAndCertificate> {
  const signer = await generateEcKey(options.key ?? "P-384", "ecdsa-with-sha256");
  const legacy = checkEvidenceSize(await options.quote(await reportDataOver(signer.publicKeyInfo)));
  const claims = await encodeKeyClaims(signer.publicKeyInfo);
  const evidence = checkEvidenceSize(await options.quote(await reportDataOver(claims)));
  const certificateDer = await createCertificate({
    subject: NAME,
    issuer: NAME,
    serialNumber: 1,
    notBefore: options.notBefore ?? NOT_BEFORE,
    notAfter: options.notAfter ?? NOT_AFTER,
    publicKeyInfo: signer.publicKeyInfo,
    signer,
    keyIdentifiers: true,
    extensions: [
      { oid: { content: GRAMINE_QUOTE_OID_CONTENT }, value: legacy },
      { oid: TAGGED_EVIDENCE_OID, value: encodeTaggedEvidence({ evidence, claims }) },
    ],
  });
  return {
    certificateDer,
    certificatePem: encodePem("CERTIFICATE", certificateDer),
    privateKeyPem: encodePem("PRIVATE KEY", await signer.exportPkcs8()),
  };
}
