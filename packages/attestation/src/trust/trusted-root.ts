import { encodeHex, parseCertificateChainPem, sha256 } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";

/** SHA-256 of the SubjectPublicKeyInfo of the Intel SGX Root CA, the same in each of its certificates. */
const INTEL_SGX_ROOT_KEY = "a0af031289f5d5d4132f9186068a7fc13628633ba235777472e29b6b6c67a49e";

/** The key in which a verdict is rooted. Compared by key: neither names nor certificate bytes say who holds it. */
export interface TrustedRoot {
  /** SHA-256 of the SubjectPublicKeyInfo in DER, 64 hex digits. */
  readonly publicKeySha256: string;
  /** Not Intel's key, so whatever rests on it was made by software and protects nothing. */
  readonly simulated: boolean;
}

/** The root of genuine SGX platforms. */
export const intelSgxRoot: TrustedRoot = { publicKeySha256: INTEL_SGX_ROOT_KEY, simulated: false };

/**
 * Trusts the key of one root certificate. Any key but Intel's gives a root that is `simulated`.
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
  const publicKeySha256 = encodeHex(await sha256(certificate.publicKeyInfo));
  return { publicKeySha256, simulated: isSimulated(publicKeySha256) };
}

/** Whether a root key is anything but Intel's; verdicts ask this, not the caller's `simulated` member. */
export function isSimulated(publicKeySha256: string): boolean {
  return publicKeySha256.toLowerCase() !== INTEL_SGX_ROOT_KEY;
}
