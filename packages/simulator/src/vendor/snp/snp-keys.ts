import { type EcSigningKey, generateEcKey, generateRsaKey, type SigningKey } from "@sealserve/core";

/** The keys of a simulated SEV-SNP vendor and of its one processor. */
export interface SnpKeys {
  /** AMD root key. */
  readonly ark: SigningKey;
  /** AMD SEV key, which signs VCEK certificates. */
  readonly ask: SigningKey;
  /** AMD SEV VLEK key, which signs VLEK certificates. */
  readonly asvk: SigningKey;
  /** Versioned chip endorsement key. */
  readonly vcek: EcSigningKey;
  /** Versioned loaded endorsement key. */
  readonly vlek: EcSigningKey;
}

const RSA_BITS = 4096;

/** Makes new keys; the three of RSA-4096 take about a second together. */
export async function generateSnpKeys(): Promise<SnpKeys> {
  const authority = (): Promise<SigningKey> => generateRsaKey("rsa-pss-sha384", RSA_BITS);
  const [ark, ask, asvk, vcek, vlek] = await Promise.all([
    authority(),
    authority(),
    authority(),
    generateEcKey("P-384"),
    generateEcKey("P-384"),
  ]);
  return { ark, ask, asvk, vcek, vlek };
}
