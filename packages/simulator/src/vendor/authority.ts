import { type Certificate, type EcSigningKey, encodePem, type SigningKey } from "@sealserve/core";

/** A key of a simulated vendor with the certificate that says what it may sign. */
export interface Authority<Key extends SigningKey = EcSigningKey> {
  readonly key: Key;
  readonly certificate: Certificate;
}

/** Certificates as PEM in the order given: leaf first, root last. */
export function chainPem(...chain: readonly Authority<SigningKey>[]): string {
  return chain.map(({ certificate }) => encodePem("CERTIFICATE", certificate.raw)).join("");
}
