import type { Certificate } from "@sealserve/core";
import { type EvaluationNumbers, parseEvaluationNumbers } from "../../collateral/evaluation-numbers.ts";
import { type EnclaveId, type EnclaveIdentity, parseEnclaveIdentity } from "../../collateral/qe-identity.ts";
import { parseTcbInfo, type TcbInfo } from "../../collateral/tcb-info.ts";
import type { RevocationErrorCode } from "../../errors.ts";
import type { IntelTeeKind } from "../../tee/tee-kind.ts";
import type { TrustedRoot } from "../../trust/trusted-root.ts";
import { type VerifiedChain, verifyChain, verifyRoot } from "../certificate-chain.ts";
import { certificatePool } from "../certificate-pool.ts";
import type { ChainKind } from "../chain-kind.ts";
import { refuseRevoked, verifyCrl } from "../revocation.ts";
import { type Clock, expectCurrent, type Window } from "../window.ts";
import { CHAINS } from "./chains.ts";
import { CRLS } from "./crls.ts";
import { type PckIdentity, readVerifiedPck } from "./pck-identity.ts";
import { documentWindow, SIGNED, verifySignedText } from "./signed-document.ts";

/** What a document by itself is held against, by those who keep documents for others. */
export interface DocumentTrust {
  readonly root: TrustedRoot;
  /** `any` for a collection of documents from other times; whoever uses one of them checks its window again. */
  readonly clock: Clock | "any";
  /** DER of the root's revocation list. It counts whatever its age: what is revoked stays so. */
  readonly rootCaCrl?: Uint8Array | undefined;
}

/** A document with the signature over its exact text and the PEM chain of its signer. */
export interface SignedDocument {
  readonly text: string;
  /** r and s in 128 hex digits. */
  readonly signature: string;
  readonly issuerChain: string;
}

/** A document, list or certificate that is proven by itself, whatever else belongs to it. */
export interface ProvenDocument<Content> {
  readonly content: Content;
  readonly issued: Date;
  readonly nextUpdate: Date;
}

/** Of a revocation list that is proven. */
export interface CrlFacts {
  /** Common name of the authority. */
  readonly issuer: string;
  readonly number: bigint | undefined;
}

/** @throws AttestationError the code of the first check that fails */
export async function verifyTcbInfoDocument(
  { text, signature, issuerChain }: SignedDocument,
  trust: DocumentTrust,
): Promise<ProvenDocument<TcbInfo>> {
  const chain = await proveIssuers(issuerChain, CHAINS.tcbInfoIssuer, "tcb-signer-revoked", trust);
  await verifySignedText(text, signature, chain.leaf, SIGNED.tcbInfo, certificatePool);
  const content = parseTcbInfo(text);
  return proven(content, documentWindow(content, SIGNED.tcbInfo), chain.windows, trust);
}

/** @throws AttestationError the code of the first check that fails */
export async function verifyEnclaveIdentityDocument(
  { text, signature, issuerChain }: SignedDocument,
  id: EnclaveId,
  trust: DocumentTrust,
): Promise<ProvenDocument<EnclaveIdentity>> {
  const chain = await proveIssuers(issuerChain, CHAINS.qeIdentityIssuer, "tcb-signer-revoked", trust);
  await verifySignedText(text, signature, chain.leaf, SIGNED.qeIdentity, certificatePool);
  const content = parseEnclaveIdentity(text, id);
  return proven(content, documentWindow(content, SIGNED.qeIdentity), chain.windows, trust);
}

/** @throws AttestationError the code of the first check that fails */
export async function verifyEvaluationNumbersDocument(
  { text, signature, issuerChain }: SignedDocument,
  tee: IntelTeeKind,
  trust: DocumentTrust,
): Promise<ProvenDocument<EvaluationNumbers>> {
  const chain = await proveIssuers(issuerChain, CHAINS.tcbInfoIssuer, "tcb-signer-revoked", trust);
  await verifySignedText(text, signature, chain.leaf, SIGNED.evaluationNumbers, certificatePool);
  const content = parseEvaluationNumbers(text, tee);
  return proven(content, documentWindow(content, SIGNED.evaluationNumbers), chain.windows, trust);
}

/** @throws AttestationError the code of the first check that fails */
export async function verifyPckCrlDocument(
  der: Uint8Array,
  issuerChain: string,
  trust: DocumentTrust,
): Promise<ProvenDocument<CrlFacts>> {
  const chain = await proveIssuers(issuerChain, CHAINS.pckCrlIssuer, "intermediate-revoked", trust);
  const { window, number } = await verifyCrl(der, chain.leaf, CRLS.pck, certificatePool);
  return proven({ issuer: nameOf(chain.leaf), number }, window, chain.windows, trust);
}

/**
 * @param rootChain PEM with the root, alone or at the end of any chain
 * @throws AttestationError the code of the first check that fails
 */
export async function verifyRootCaCrlDocument(
  der: Uint8Array,
  rootChain: string,
  trust: DocumentTrust,
): Promise<ProvenDocument<CrlFacts>> {
  const { root, window: rootWindow } = await verifyRoot(rootChain, CHAINS.pckCrlIssuer, chainTrust(trust));
  const { window, number } = await verifyCrl(der, root, CRLS.root, certificatePool);
  return proven({ issuer: nameOf(root), number }, window, [rootWindow], trust);
}

/**
 * Whether the certificate itself is revoked is for its users to ask, with the list that counts when they do.
 * @param chain PEM: PCK certificate, its CA, root
 * @throws AttestationError the code of the first check that fails
 */
export async function verifyPckCertificateDocument(
  chain: string,
  trust: DocumentTrust,
): Promise<ProvenDocument<PckIdentity>> {
  const verified = await verifyChain(chain, CHAINS.pck, chainTrust(trust));
  await refuseRevokedIssuers(verified, verified.issuer, "intermediate-revoked", trust);
  const { identity } = await readVerifiedPck(verified);
  const [own, ...others] = verified.windows as [Window, ...Window[]];
  return proven(identity, own, others, trust);
}

async function proveIssuers(
  pem: string,
  kind: ChainKind,
  revoked: RevocationErrorCode,
  trust: DocumentTrust,
): Promise<VerifiedChain> {
  const chain = await verifyChain(pem, kind, chainTrust(trust));
  certificatePool.learn([chain.leaf]);
  await refuseRevokedIssuers(chain, chain.leaf, revoked, trust);
  return chain;
}

async function refuseRevokedIssuers(
  { root }: VerifiedChain,
  issuer: Certificate,
  code: RevocationErrorCode,
  { rootCaCrl }: DocumentTrust,
): Promise<void> {
  if (rootCaCrl !== undefined) {
    const list = await verifyCrl(rootCaCrl, root, CRLS.root, certificatePool);
    refuseRevoked(root, list, "root-revoked");
    refuseRevoked(issuer, list, code);
  }
}

function proven<Content>(
  content: Content,
  window: Window,
  issuerWindows: readonly Window[],
  { clock }: DocumentTrust,
): ProvenDocument<Content> {
  if (clock !== "any") {
    expectCurrent([window, ...issuerWindows], clock);
  }
  return { content, issued: window.notBefore, nextUpdate: window.notAfter };
}

function chainTrust({ root }: DocumentTrust) {
  return { rootKey: root.intelSgx, pool: certificatePool };
}

function nameOf({ subject }: Certificate): string {
  return subject.commonName ?? "";
}
