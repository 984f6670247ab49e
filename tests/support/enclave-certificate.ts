import { createCertificate, type NameAttribute, type SigningKey } from "@sealserve/core";

export type Extensions = Parameters<typeof createCertificate>[0]["extensions"];

/** The extension that holds a bare quote, as every Gramine release writes it. */
export const LEGACY_OID = { content: Uint8Array.from(Buffer.from("06092a864886f84d8a3906", "hex")) };

/** A certificate (DER) as an enclave under Gramine makes it for its own key, with these extensions and no others. */
export function enclaveCertificate(key: SigningKey, extensions: Extensions = []): Promise<Uint8Array> {
  const name: NameAttribute[] = [{ type: "CN", value: "RATLS" }];
  return createCertificate({
    subject: name,
    issuer: name,
    serialNumber: 1,
    notBefore: new Date("2001-01-01T00:00:00Z"),
    notAfter: new Date("2030-12-31T23:59:59Z"),
    publicKeyInfo: key.publicKeyInfo,
    signer: key,
    extensions,
  });
}
