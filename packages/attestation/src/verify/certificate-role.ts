import { type Certificate, type KeyUsage, keyKindOf } from "@sealserve/core";
import { type ChainKind, invalid } from "./chain-kind.ts";

/**
 * Refuses a certificate that may not stand at `position` (0 is the leaf): wrong name, kind of key, signature algorithm, CA
 * flag, path length or key usage (RFC 5280 section 6.1). Unknown critical extensions were refused when it was parsed.
 * @throws AttestationError the `invalid` code of the kind
 */
export function expectRole(certificate: Certificate, position: number, kind: ChainKind): void {
  const role = kind.roles[position];
  const name = certificate.subject.commonName ?? "";
  if (role?.commonNames.some((accepted) => fits(name, accepted)) !== true) {
    throw invalid(kind, "has a certificate of another name", role?.commonNames.join(" or "), name);
  }
  const { signatureAlgorithm } = certificate;
  if (signatureAlgorithm !== kind.signatureAlgorithm) {
    throw invalid(kind, `is signed otherwise in ${name}`, kind.signatureAlgorithm, signatureAlgorithm);
  }
  const key = keyKindOf(certificate.publicKeyInfo);
  if (key !== role.key) {
    throw invalid(kind, `has another kind of key in ${name}`, role.key, key);
  }
  if (certificate.isCa !== role.ca) {
    throw invalid(kind, `has the wrong CA flag in ${name}`, `${role.ca}`, `${certificate.isCa}`);
  }
  if (certificate.pathLength !== undefined && certificate.pathLength < position - 1) {
    throw invalid(kind, `is longer than ${name} allows`, `at most ${certificate.pathLength} CAs`, `${position - 1}`);
  }
  if (certificate.keyUsage !== undefined || role.keyUsageOptional !== true) {
    expectKeyUsage(certificate, role.keyUsage, kind);
  }
}

function fits(name: string, accepted: string | RegExp): boolean {
  return typeof accepted === "string" ? name === accepted : accepted.exec(name)?.[0] === name;
}

function expectKeyUsage(certificate: Certificate, usages: readonly KeyUsage[], kind: ChainKind): void {
  const actual = certificate.keyUsage ?? new Set<KeyUsage>();
  if (!usages.every((usage) => actual.has(usage))) {
    const fault = `has a certificate whose key is for another use: ${certificate.subject.commonName}`;
    throw invalid(kind, fault, usages.join(", "), [...actual].join(", "));
  }
}
