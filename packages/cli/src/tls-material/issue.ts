import { createCertificate, type SigningKey } from "@sealserve/core";
import type { Authority } from "./authority.ts";
import { generateKey, type KeyType, tlsKeyUsage } from "./key-type.ts";
import { randomSerial } from "./serial.ts";
import { commonNameOf, splitNames } from "./server-name.ts";
import type { Validity } from "./validity.ts";

/** Whom a certificate is for. */
export interface IdentityRequest {
  readonly purpose: "serverAuth" | "clientAuth";
  /** DNS names and IP addresses; at least one. */
  readonly names: readonly string[];
  readonly keyType: KeyType;
  readonly validity: Validity;
}

/** A key and its certificate, DER. */
export interface Identity {
  readonly certificate: Uint8Array;
  readonly key: SigningKey;
}

/** A new key with an X.509 version 3 certificate: every name among the alternative names, the first also as common name. */
export async function issueIdentity(authority: Authority, request: IdentityRequest): Promise<Identity> {
  const key = await generateKey(request.keyType);
  const certificate = await createCertificate({
    subject: [{ type: "CN", value: commonNameOf(request.names) }],
    issuer: authority.certificate.subject,
    serialNumber: randomSerial(),
    ...request.validity,
    publicKeyInfo: key.publicKeyInfo,
    signer: authority.key,
    keyUsage: tlsKeyUsage(key),
    extendedKeyUsage: [request.purpose],
    ...splitNames(request.names),
    keyIdentifiers: true,
  });
  return { certificate, key };
}
