import {
  type Certificate,
  CoreError,
  encodeHex,
  equalBytes,
  parseEcPublicKeyInfo,
  sha256,
  verifySignedBy,
} from "@sealserve/core";
import { AttestationError } from "../errors.ts";
import { GPU_ROLES, type GpuArchitecture, type GpuRole } from "./gpu-architecture.ts";
import type { GpuRoot } from "./gpu-root.ts";

/** The certificate chain of a device in its places. */
export interface GpuChain {
  /** Its key signs measurements. */
  readonly leaf: Certificate;
  /** Its key was made with the chip and tells devices apart. */
  readonly device: Certificate;
  readonly root: Certificate;
  /** All of them, leaf first. */
  readonly certificates: readonly Certificate[];
}

/**
 * Refuses a chain whose certificates may not stand where they stand: number, names, kinds of keys, CA flags, path lengths,
 * key usage (RFC 5280 section 6.1). Proves nothing.
 * @throws AttestationError `gpu-chain-invalid`
 */
export function expectGpuRoles(certificates: readonly Certificate[], architecture: GpuArchitecture): GpuChain {
  const roles = GPU_ROLES[architecture];
  const [leaf, device] = certificates;
  const root = certificates.at(-1);
  if (certificates.length !== roles.length || leaf === undefined || device === undefined || root === undefined) {
    throw invalid("has the wrong number of certificates", `${roles.length}`, `${certificates.length}`);
  }
  for (const [position, role] of roles.entries()) {
    expectRole(certificates[position] ?? leaf, position, role);
  }
  return { leaf, device, root, certificates };
}

/**
 * Proves that a chain leads to the trusted root and that all of it is in its validity. Revocation is not checked.
 * @throws AttestationError `gpu-root-untrusted`, `gpu-chain-invalid`, `gpu-chain-expired`, `gpu-chain-not-yet-valid`
 */
export async function verifyGpuChain({ certificates, root }: GpuChain, trusted: GpuRoot, now: Date): Promise<void> {
  await expectTrustedRoot(root, trusted);
  for (const [position, certificate] of certificates.entries()) {
    const issuer = certificates[position + 1] ?? root;
    expectValid(certificate, now);
    if (!equalBytes(certificate.issuer.raw, issuer.subject.raw)) {
      throw invalid(`has a certificate that names another issuer: ${certificate.subject.commonName}`);
    }
    if (!(await verifySignedBy(certificate, issuer.publicKeyInfo))) {
      throw invalid(`has a certificate that its issuer did not sign: ${certificate.subject.commonName}`);
    }
  }
}

function expectRole(certificate: Certificate, position: number, role: GpuRole): void {
  const name = certificate.subject.commonName ?? "";
  if (!role.commonName.test(name)) {
    throw invalid("has a certificate of another name", role.commonName.source, name);
  }
  if (certificate.signatureAlgorithm !== "ecdsa-with-sha384" || !hasP384Key(certificate)) {
    throw invalid(`has a certificate that is not P-384 with SHA-384: ${name}`);
  }
  if (certificate.isCa !== role.ca) {
    throw invalid(`has the wrong CA flag in ${name}`, `${role.ca}`, `${certificate.isCa}`);
  }
  if (certificate.pathLength !== undefined && certificate.pathLength < position - 1) {
    throw invalid(`is longer than ${name} allows`, `at most ${certificate.pathLength} CAs`, `${position - 1}`);
  }
  const usage = role.ca ? "keyCertSign" : "digitalSignature";
  if (certificate.keyUsage?.has(usage) !== true) {
    throw invalid(`has a certificate whose key is for another use: ${name}`, usage);
  }
}

function hasP384Key({ publicKeyInfo }: Certificate): boolean {
  try {
    return parseEcPublicKeyInfo(publicKeyInfo).curve === "P-384";
  } catch (cause) {
    if (cause instanceof CoreError) {
      return false;
    }
    throw cause;
  }
}

async function expectTrustedRoot(root: Certificate, trusted: GpuRoot): Promise<void> {
  const actual = encodeHex(await sha256(root.publicKeyInfo));
  const expected = trusted.publicKeySha256.toLowerCase();
  if (actual !== expected) {
    const message = "certificate chain of a device ends in a root whose key is not the trusted one";
    throw new AttestationError("gpu-root-untrusted", message, { expected, actual });
  }
}

function expectValid({ subject, notBefore, notAfter }: Certificate, now: Date): void {
  const actual = now.toISOString();
  if (now < notBefore) {
    throw new AttestationError("gpu-chain-not-yet-valid", `${subject.commonName} is not valid yet`, {
      expected: `a time from ${notBefore.toISOString()}`,
      actual,
      remedy: "check the clock",
    });
  }
  if (now > notAfter) {
    throw new AttestationError("gpu-chain-expired", `${subject.commonName} has expired`, {
      expected: `a time up to ${notAfter.toISOString()}`,
      actual,
      remedy: "check the clock",
    });
  }
}

function invalid(fault: string, expected?: string, actual?: string): AttestationError {
  return new AttestationError("gpu-chain-invalid", `certificate chain of a device ${fault}`, { expected, actual });
}
