import { constants } from "node:crypto";
import type { SecureContextOptions, SecureVersion } from "node:tls";
import type { RaTlsKeyAndCertificate } from "../certificate/create.ts";

/** Forward secrecy and authenticated encryption only; every Gramine generation offers some of them. */
const CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

/** Milliseconds that each step up to a verified peer may take. */
export const DEFAULT_STEP_TIMEOUT_MS = 10_000;

/** The versions of TLS that an end speaks. */
export interface TlsVersions {
  /** Default 1.2, which enclaves up to Gramine 1.7 need. */
  readonly minVersion?: Extract<SecureVersion, "TLSv1.2" | "TLSv1.3">;
  /** Default 1.3. */
  readonly maxVersion?: Extract<SecureVersion, "TLSv1.2" | "TLSv1.3">;
}

/**
 * Settings of a TLS context on which a peer is verified once. Renegotiation could bring another certificate afterwards,
 * and a resumed session none at all: both are off.
 */
export function secureContextSettings(
  material: RaTlsKeyAndCertificate | undefined,
  { minVersion = "TLSv1.2", maxVersion = "TLSv1.3" }: TlsVersions,
): SecureContextOptions {
  return {
    ...(material === undefined ? {} : { key: material.privateKeyPem, cert: material.certificatePem }),
    minVersion,
    maxVersion,
    ciphers: CIPHERS,
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}
