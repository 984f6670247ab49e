import { keyKindOf } from "@sealserve/core";
import { RaTlsError } from "../errors.ts";

/** Keys that enclaves of the Gramine generations make: RSA-3072 up to 1.3.1, then elliptic curves. */
export type RaTlsKeyKind = "RSA-3072" | "P-256" | "P-384";

const KINDS: readonly RaTlsKeyKind[] = ["RSA-3072", "P-256", "P-384"];

/**
 * The kind of a SubjectPublicKeyInfo (DER).
 * @throws RaTlsError `unsupported-key` for every other kind or size, and for a malformed one
 */
export function parseKeyKind(publicKeyInfo: Uint8Array): RaTlsKeyKind {
  const actual = keyKindOf(publicKeyInfo);
  const kind = KINDS.find((one) => one === actual);
  if (kind === undefined) {
    throw new RaTlsError("unsupported-key", "the certificate's key is none that an enclave makes", {
      expected: "RSA-3072 with exponent 65537, P-256 or P-384",
    });
  }
  return kind;
}
