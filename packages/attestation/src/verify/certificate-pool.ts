import { bytesKey, type Certificate, IssuerKey, parseCertificate, type Signed } from "@sealserve/core";

/** How many certificates a pool learns: those of a set of collateral, which come first, and no end of others. */
const CAPACITY = 16;

/** Longer ones are not learnt. Vendors' certificates have 700 to 1,700 bytes. */
const MAX_LENGTH = 4096;

/**
 * What is known of certificates, so that a root which stands in four chains is parsed and proven once. Nothing in it is an
 * opinion: it remembers what was parsed from the same bytes, and which signatures hold.
 */
export class CertificatePool {
  readonly #certificates = new Map<string, Certificate>();
  readonly #keys = new WeakMap<Certificate, IssuerKey>();
  readonly #proven = new WeakMap<Signed, WeakSet<Certificate>>();

  /** As `parseCertificate`. @throws CoreError */
  parse(der: Uint8Array): Certificate {
    if (der.length > MAX_LENGTH) {
      return parseCertificate(der);
    }
    const key = bytesKey(der);
    const certificate = this.#certificates.get(key) ?? parseCertificate(der);
    if (this.#certificates.size < CAPACITY) {
      this.#certificates.set(key, certificate);
    }
    return certificate;
  }

  /** Whether the key of `issuer` made the signature. */
  async isSignedBy(signed: Signed, issuer: Certificate): Promise<boolean> {
    const issuers = this.#proven.get(signed) ?? new WeakSet();
    if (issuers.has(issuer)) {
      return true;
    }
    const holds = await this.keyOf(issuer).hasSigned(signed);
    if (holds) {
      this.#proven.set(signed, issuers.add(issuer));
    }
    return holds;
  }

  /** The key of a certificate, imported once. */
  keyOf(certificate: Certificate): IssuerKey {
    const key = this.#keys.get(certificate) ?? new IssuerKey(certificate.publicKeyInfo);
    this.#keys.set(certificate, key);
    return key;
  }
}
