import { type Certificate, type EcSigningKey, encodePem } from "@sealserve/core";

/** A key of the simulated vendor with the certificate that says what it may sign. */
export interface Authority {
  readonly key: EcSigningKey;
  readonly certificate: Certificate;
}

/** Certificates as PEM in the order given: leaf first, root last. */
export function chainPem(...chain: readonly Authority[]): string {
  return chain.map(({ certificate }) => encodePem("CERTIFICATE", certificate.raw)).join("");
}
