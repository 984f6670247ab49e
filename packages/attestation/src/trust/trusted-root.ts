import { encodeHex, parseCertificateChainPem, sha256 } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import type { SnpProduct } from "../tee/snp-product.ts";

/**
 * What verdicts are rooted in: for each vendor hierarchy the key of its root, as SHA-256 of the SubjectPublicKeyInfo in DER,
 * 64 hex digits. Compared by key: neither names nor certificate bytes say who holds it.
 */
export interface TrustedRoot {
  /** Intel SGX Root CA, for SGX and TDX; the same key in each of its certificates. */
  readonly intelSgx: string;
  /** AMD Root Keys (ARK), one for each generation of processors. */
  readonly amd: Readonly<Record<SnpProduct, string>>;
  /** Not the vendors' keys, so whatever rests on them was made by software and protects nothing. */
  readonly simulated: boolean;
}

/** The roots of genuine hardware. */
export const vendorRoot: TrustedRoot = Object.freeze({
  intelSgx: "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e",
  amd: Object.freeze({
    Milan: "9f056bee44377e29308cb5ffa895bdfb62d18881fa6bed8d6f075b0204089cb9",
    Genoa: "429a69c9422aa258ee4d8db5fcda9c6470ef15f8cd5a9cebd6cbc7d90b863831",
    Turin: "4f125410563a2ab9a50356f9243f6fe0b6f73de98603f53f90339c70e9d7ad08",
  }),
  simulated: false,
});

const VENDOR_KEYS: ReadonlySet<string> = new Set([vendorRoot.intelSgx, ...Object.values(vendorRoot.amd)]);

/**
 * Trusts the key of one root certificate, in the place of every vendor. A key that is not a vendor's gives a root that is
 * `simulated`; one that is can still root nothing but its own hierarchy, since names and kinds of keys must fit as well.
 * @throws AttestationError `root-malformed`
 */
export async function trustedRootFromPem(pem: string): Promise<TrustedRoot> {
  const [certificate, ...others] = refuseAs("root-malformed", "root certificate", () => parseCertificateChainPem(pem));
  if (certificate === undefined || others.length > 0) {
    throw new AttestationError("root-malformed", "a trusted root is given as exactly one certificate", {
      expected: "1 certificate",
      actual: `${certificate === undefined ? 0 : others.length + 1}`,
    });
  }
  const key = encodeHex(await sha256(certificate.publicKeyInfo));
  return { intelSgx: key, amd: { Milan: key, Genoa: key, Turin: key }, simulated: isSimulated(key) };
}

/** Whether a root key is anything but a vendor's; verdicts ask this, not the caller's `simulated` member. */
export function isSimulated(rootKey: string): boolean {
  return !VENDOR_KEYS.has(rootKey.toLowerCase());
}
