import { RaTlsError } from "../errors.ts";

/** What Gramine sets aside for a certificate. Two quotes of more than about 7.8 KB do not fit in. */
export const MAX_RA_TLS_CERTIFICATE = 16 * 1024;

/** Refuses certificates that no enclave makes. @throws RaTlsError `certificate-too-large` */
export function checkCertificateSize<Der extends Uint8Array>(der: Der): Der {
  if (der.length > MAX_RA_TLS_CERTIFICATE) {
    throw new RaTlsError("certificate-too-large", "the certificate is larger than any that carries evidence", {
      expected: `at most ${MAX_RA_TLS_CERTIFICATE} bytes`,
      actual: `${der.length} bytes`,
    });
  }
  return der;
}
