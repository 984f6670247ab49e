import { bytesKey, type Certificate, IssuerKey, parseCertificate, RecentMap, type Signed } from "@sealserve/core";

/** How many authorities are remembered: Intel has three, AMD nine. */
const CAPACITY = 32;

/**
 * What is known of certificates, so that an authority which stands in every chain of a vendor is parsed and proven once.
 * Nothing in it is an opinion, or depends on time or trust: it remembers what was parsed from the same bytes, and which
 * signatures hold. Only certificates of proven chains are remembered, the one not used for the longest time gives way.
 */
export class CertificatePool {
  readonly #authorities = new RecentMap<Certificate>(CAPACITY);
  readonly #keys = new WeakMap<Certificate, IssuerKey>();
  readonly #proven = new WeakMap<Signed, WeakSet<Certificate>>();

  /** As `parseCertificate`; the same object for an authority that was learnt. @throws CoreError */
  parse(der: Uint8Array): Certificate {
    return this.#authorities.get(bytesKey(der)) ?? parseCertificate(der);
  }

  /** The authority that was learnt from the same bytes, or else the certificate itself. */
  known(certificate: Certificate): Certificate {
    return this.#authorities.get(bytesKey(certificate.raw)) ?? certificate;
  }

  /** Remembers the authorities of a chain that was proven. */
  learn(certificates: readonly Certificate[]): void {
    for (const certificate of certificates.map((one) => this.known(one))) {
      this.#authorities.set(bytesKey(certificate.raw), certificate);
    }
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

/** The pool of this process. */
export const certificatePool = new CertificatePool();
