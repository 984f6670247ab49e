import { createPrivateKey, X509Certificate } from "node:crypto";
import { EncryptedFilesError } from "../errors.ts";

/** The serving node's TLS key and its certificate chain (leaf first), both PEM. */
export type TlsPair = { readonly keyPem: string; readonly certificatePem: string };

/**
 * Checks that a TLS key and certificate can be used together: found out now, not when the serving node starts.
 * @throws EncryptedFilesError `tls-invalid`
 */
export function checkTlsPair({ keyPem, certificatePem }: TlsPair): void {
  const key = parse(() => createPrivateKey(keyPem), "key", "an unencrypted private key as PEM");
  const certificate = parse(() => new X509Certificate(certificatePem), "certificate", "a certificate as PEM");
  if (!certificate.checkPrivateKey(key)) {
    throw new EncryptedFilesError("tls-invalid", "the TLS certificate belongs to another key", {
      expected: "the leaf certificate first, made for this key",
      remedy: "give the key and the certificate of the same serving node",
    });
  }
}

function parse<Result>(create: () => Result, what: string, expected: string): Result {
  try {
    return create();
  } catch {
    // Without cause: what a parser says about a bad key could quote it.
    throw new EncryptedFilesError("tls-invalid", `the TLS ${what} cannot be read`, {
      expected,
      remedy: `give another file for the TLS ${what}`,
    });
  }
}
