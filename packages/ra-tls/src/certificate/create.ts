import {
  createCertificate,
  type ExtensionOptions,
  encodePem,
  generateEcKey,
  generateRsaKey,
  type SigningKey,
} from "@sealserve/core";
import { RaTlsError } from "../errors.ts";
import { checkCertificateSize } from "./certificate-size.ts";
import { checkEvidenceSize } from "./evidence-size.ts";
import { certificateForm, type RaTlsGeneration } from "./generation.ts";
import { encodeKeyClaims } from "./key-claims.ts";
import { CLEAN_QUOTE_OID, GRAMINE_QUOTE_OID_CONTENT, TAGGED_EVIDENCE_OID } from "./object-identifiers.ts";
import { parseKeyKind, type RaTlsKeyKind } from "./public-key.ts";
import { reportDataOver } from "./report-data.ts";
import { encodeTaggedEvidence } from "./tagged-evidence.ts";

const NOT_BEFORE = new Date("2001-01-01T00:00:00Z");
const NOT_AFTER = new Date("2030-12-31T23:59:59Z");

/** How to make a certificate with {@link createRaTlsCertificate}. */
export interface RaTlsCertificateOptions {
  /** Asks the platform for evidence over 64 bytes of report data. For 1.8 called twice, one after the other. */
  readonly quote: (reportData: Uint8Array) => Promise<Uint8Array>;
  /** Whose certificates to make; default 1.8. Verifiers of Gramine up to 1.3.1 take no other than those of their time. */
  readonly generation?: RaTlsGeneration;
  /** A kind in place of the generation's own, for a new key; or a key that exists: RSA and EC with SHA-256. */
  readonly key?: RaTlsKeyKind | SigningKey;
  /** `intended` writes the identifier that other implementations of RA-TLS use; default `gramine`, see the README. */
  readonly legacyOid?: "gramine" | "intended";
  /** Default 2001-01-01, as Gramine. */
  readonly notBefore?: Date;
  /** Default the end of 2030, as Gramine. Verifiers of evidence do not look at it. */
  readonly notAfter?: Date;
  /**
   * Claims, covered by the evidence, when it was asked for: verifiers with a limit on its age demand that. Only 1.8 has
   * claims.
   */
  readonly issuedAt?: Date;
}

/** A certificate and the key it speaks for. */
export interface RaTlsKeyAndCertificate {
  readonly certificateDer: Uint8Array;
  readonly certificatePem: string;
  /** PKCS#8. Secret. */
  readonly privateKeyPem: string;
}

/**
 * Makes a key and a self-signed certificate that carries evidence for it, in the form of a Gramine generation: a legacy
 * quote over the key, and since 1.8 tagged evidence over claims that name the key.
 * @throws RaTlsError `bad-evidence` when the platform answers with evidence of an impossible size,
 * `certificate-too-large` when two quotes do not fit into one certificate, `evidence-age-unknown` when the generation
 * cannot claim a time, `unsupported-key` for a key of another kind
 */
export async function createRaTlsCertificate(options: RaTlsCertificateOptions): Promise<RaTlsKeyAndCertificate> {
  const { key, name } = certificateForm(options.generation ?? "1.8");
  const signer = await signerFor(options.key ?? key);
  const certificateDer = await createCertificate({
    subject: name,
    issuer: name,
    serialNumber: 1,
    notBefore: options.notBefore ?? NOT_BEFORE,
    notAfter: options.notAfter ?? NOT_AFTER,
    publicKeyInfo: signer.publicKeyInfo,
    signer,
    keyIdentifiers: true,
    extensions: await evidenceExtensions(signer.publicKeyInfo, options),
  });
  return {
    certificateDer: checkCertificateSize(certificateDer),
    certificatePem: encodePem("CERTIFICATE", certificateDer),
    privateKeyPem: encodePem("PRIVATE KEY", await signer.exportPkcs8()),
  };
}

async function signerFor(key: RaTlsKeyKind | SigningKey): Promise<SigningKey> {
  if (typeof key !== "string") {
    parseKeyKind(key.publicKeyInfo);
    return key;
  }
  return key === "RSA-3072" ? generateRsaKey("sha256-with-rsa", 3072) : generateEcKey(key, "ecdsa-with-sha256");
}

async function evidenceExtensions(
  publicKeyInfo: Uint8Array,
  options: RaTlsCertificateOptions,
): Promise<ExtensionOptions[]> {
  const { tagged } = certificateForm(options.generation ?? "1.8");
  if (!tagged && options.issuedAt !== undefined) {
    throw new RaTlsError("evidence-age-unknown", "certificates of this generation have no place for a time", {
      expected: "generation 1.8",
      actual: options.generation,
    });
  }
  const legacy: ExtensionOptions = {
    oid: options.legacyOid === "intended" ? CLEAN_QUOTE_OID : { content: GRAMINE_QUOTE_OID_CONTENT },
    value: checkEvidenceSize(await options.quote(await reportDataOver(publicKeyInfo))),
  };
  if (!tagged) {
    return [legacy];
  }
  const claims = await encodeKeyClaims(publicKeyInfo, options.issuedAt);
  const evidence = checkEvidenceSize(await options.quote(await reportDataOver(claims)));
  return [legacy, { oid: TAGGED_EVIDENCE_OID, value: encodeTaggedEvidence({ evidence, claims }) }];
}
