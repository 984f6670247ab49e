import { type Certificate, encodeHex, equalBytes, parseCertificateChainPem, sha256 } from "@sealserve/core";
import { AttestationError, refuseAs } from "../errors.ts";
import type { CertificatePool } from "./certificate-pool.ts";
import { expectRole } from "./certificate-role.ts";
import { type ChainKind, invalid } from "./chain-kind.ts";
import type { Window } from "./window.ts";

/** A chain in which each certificate is signed by the next and the last holds the trusted key. Time is not checked. */
export interface VerifiedChain {
  readonly leaf: Certificate;
  /** The certificate that signed the leaf; the root where nothing lies between. */
  readonly issuer: Certificate;
  readonly root: Certificate;
  /** All of them, leaf first. */
  readonly certificates: readonly Certificate[];
  readonly windows: readonly Window[];
}

/** The certificate that holds the trusted key. Time is not checked. */
export interface VerifiedRoot {
  readonly root: Certificate;
  readonly window: Window;
}

/** What every proof of a chain needs. */
export interface ChainTrust {
  /** SHA-256 of the SubjectPublicKeyInfo of the trusted root, 64 hex digits. */
  readonly rootKey: string;
  readonly pool: CertificatePool;
}

/**
 * Verifies a PEM chain against its kind and the trusted root. The order in which the certificates stand is free, their
 * number is not.
 * @throws AttestationError the `malformed`, `invalid` and `untrusted` codes of the kind
 */
export function verifyChain(pem: string, kind: ChainKind, trust: ChainTrust): Promise<VerifiedChain> {
  const parse = (der: Uint8Array): Certificate => trust.pool.parse(der);
  return verifyCertificates(
    refuseAs(kind.malformed, kind.what, () => parseCertificateChainPem(pem, parse)),
    kind,
    trust,
  );
}

/** {@link verifyChain} for certificates that are parsed already. */
export async function verifyCertificates(
  certificates: readonly Certificate[],
  kind: ChainKind,
  trust: ChainTrust,
): Promise<VerifiedChain> {
  const chain = orderChain(certificates, kind);
  for (const [position, certificate] of chain.entries()) {
    expectRole(certificate, position, kind);
  }
  const { leaf, issuer, root } = namePlaces(chain, kind);
  await expectTrustedRoot(root, trust.rootKey, kind);
  await expectSignatures(chain, root, kind, trust.pool);
  trust.pool.learn(chain.filter(({ isCa }) => isCa));
  return { leaf, issuer, root, certificates: chain, windows: chain.map((certificate) => windowOf(certificate, kind)) };
}

/**
 * Verifies the certificate of the trusted root by itself, where it stands at the end of a chain of this kind.
 * @throws AttestationError the `malformed`, `invalid` and `untrusted` codes of the kind
 */
export async function verifyRoot(pem: string, kind: ChainKind, trust: ChainTrust): Promise<VerifiedRoot> {
  const certificates = refuseAs(kind.malformed, kind.what, () =>
    parseCertificateChainPem(pem, (der) => trust.pool.parse(der)),
  );
  const [root, ...others] = certificates.filter(({ issuer, subject }) => equalBytes(issuer.raw, subject.raw));
  if (root === undefined || others.length > 0) {
    throw invalid(kind, "has not exactly one root");
  }
  expectRole(root, kind.roles.length - 1, kind);
  await expectTrustedRoot(root, trust.rootKey, kind);
  await expectSignatures([root], root, kind, trust.pool);
  return { root, window: windowOf(root, kind) };
}

/** Leaf first, found from the root downwards by names; which certificate signed which is proven later. */
function orderChain(certificates: readonly Certificate[], kind: ChainKind): Certificate[] {
  if (certificates.length !== kind.roles.length) {
    throw invalid(kind, "has the wrong number of certificates", `${kind.roles.length}`, `${certificates.length}`);
  }
  const rest = new Set(certificates);
  const chain: Certificate[] = [];
  while (rest.size > 0) {
    const issuer = chain[0];
    const next = [...rest].find(({ issuer: { raw }, subject }) => equalBytes(raw, (issuer?.subject ?? subject).raw));
    if (next === undefined) {
      throw invalid(kind, "does not lead from one certificate to the next up to a root");
    }
    rest.delete(next);
    chain.unshift(next);
  }
  return chain;
}

function namePlaces(chain: readonly Certificate[], kind: ChainKind): Pick<VerifiedChain, "leaf" | "issuer" | "root"> {
  const [leaf, issuer] = chain;
  const root = chain.at(-1);
  if (leaf === undefined || issuer === undefined || root === undefined) {
    throw invalid(kind, "is too short");
  }
  return { leaf, issuer, root };
}

async function expectTrustedRoot(root: Certificate, rootKey: string, kind: ChainKind): Promise<void> {
  const actual = encodeHex(await sha256(root.publicKeyInfo));
  const expected = rootKey.toLowerCase();
  if (actual !== expected) {
    const message = `${kind.what} ends in a root whose key is not the trusted one`;
    throw new AttestationError(kind.untrusted, message, { expected, actual });
  }
}

/** Each certificate by the next one, the root by itself. */
async function expectSignatures(
  chain: readonly Certificate[],
  root: Certificate,
  kind: ChainKind,
  pool: CertificatePool,
): Promise<void> {
  for (const [position, certificate] of chain.entries()) {
    const issuer = chain[position + 1] ?? root;
    if (!(await pool.isSignedBy(certificate, issuer))) {
      throw invalid(kind, `has a certificate that its issuer did not sign: ${certificate.subject.commonName}`);
    }
  }
}

function windowOf(certificate: Certificate, kind: ChainKind): Window {
  const { notBefore, notAfter, subject } = certificate;
  const what = `${subject.commonName} in the ${kind.what}`;
  return { what, notBefore, notAfter, early: kind.early, late: kind.late, graceable: false };
}
