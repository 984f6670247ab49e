export * from "./bytes/base64.ts";
export * from "./bytes/compare.ts";
export * from "./bytes/crc32c.ts";
export * from "./bytes/free.ts";
export * from "./bytes/hex.ts";
export * from "./bytes/reader.ts";
export * from "./bytes/text.ts";
export * from "./crypto/ecdsa.ts";
export * from "./crypto/ecdsa-signature.ts";
export * from "./crypto/hash.ts";
export * from "./crypto/key-kind.ts";
export * from "./crypto/plain-signature.ts";
export type { EcdsaHash, EcdsaVerifier, HashName } from "./crypto/primitives.ts";
export {
  type EcCurve,
  type EcPublicKey,
  ecPublicKeyInfo,
  parseEcPublicKeyInfo,
  rawEcPoint,
} from "./crypto/public-key-info.ts";
export type { EcdsaAlgorithmName, SignatureAlgorithmName } from "./crypto/signature-algorithm.ts";
export * from "./crypto/signing-key.ts";
export * from "./der/element.ts";
export * from "./der/encode.ts";
export * from "./der/fields.ts";
export { derOid } from "./der/oid.ts";
export { derTag } from "./der/tags.ts";
export { derTime } from "./der/time.ts";
export * from "./der/values.ts";
export * from "./errors.ts";
export * from "./json/parse.ts";
export type * from "./json/value.ts";
export * from "./pem/pem.ts";
export { RecentMap } from "./recent-map.ts";
export type { AlternativeNames } from "./x509/alternative-names.ts";
export type { BasicConstraints } from "./x509/basic-constraints.ts";
export { type Certificate, parseCertificate } from "./x509/certificate.ts";
export * from "./x509/certificate-chain.ts";
export { type CertificateOptions, createCertificate } from "./x509/create-certificate.ts";
export * from "./x509/create-crl.ts";
export * from "./x509/crl.ts";
export type { Extension, ExtensionOptions, Extensions } from "./x509/extensions.ts";
export { IssuerKey, verifySignedBy } from "./x509/issuer-key.ts";
export type { KeyUsage } from "./x509/key-usage.ts";
export type { Name, NameAttribute } from "./x509/name.ts";
export type { Signed } from "./x509/signed.ts";
