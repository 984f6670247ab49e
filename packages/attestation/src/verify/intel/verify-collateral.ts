import type { Collateral } from "../../collateral/collateral.ts";
import { collateralDigest } from "../../collateral/collateral-digest.ts";
import { parseQeIdentity, type QeIdentity } from "../../collateral/qe-identity.ts";
import { parseTcbInfo, type TcbInfo } from "../../collateral/tcb-info.ts";
import { type ChainTrust, type VerifiedChain, verifyChain } from "../certificate-chain.ts";
import { type CertificatePool, certificatePool } from "../certificate-pool.ts";
import { refuseRevoked, type VerifiedCrl, verifyCrl } from "../revocation.ts";
import type { VerifyOptions } from "../verify-options.ts";
import { expectCurrent, snapshotClock } from "../window.ts";
import { CHAINS } from "./chains.ts";
import { CRLS } from "./crls.ts";
import { documentWindow, SIGNED, verifySignedText } from "./signed-document.ts";
import { sealCollateral, type VerifiedCollateral } from "./verified-collateral.ts";

/** The chains of those who sign the documents and the list of PCK certificates. */
interface IssuerChains {
  readonly pckCrl: VerifiedChain;
  readonly tcbInfo: VerifiedChain;
  readonly qeIdentity: VerifiedChain;
}

/**
 * Proves a set of collateral, everything that does not depend on a quote: issuer chains under the trusted root,
 * revocation lists, signatures over the exact documents, their content and their windows.
 * @throws AttestationError with the code of the first check that fails
 */
export async function verifyCollateral(collateral: Collateral, options: VerifyOptions): Promise<VerifiedCollateral> {
  const given = snapshot(collateral);
  const clock = snapshotClock(options);
  const trust = { rootKey: options.root.intelSgx, pool: certificatePool };
  const chains = await verifyIssuerChains(given, trust);
  const rootCrl = await verifyCrl(given.rootCaCrl, chains.pckCrl.root, CRLS.root, trust.pool);
  // First, so that a revocation is always told by a list that counts now, not by one that was kept and sent again.
  expectCurrent([rootCrl.window], clock);
  refuseRevokedIssuers(chains, rootCrl);
  const pckCa = chains.pckCrl.leaf;
  const pckCrl = await verifyCrl(given.pckCrl, pckCa, CRLS.pck, trust.pool);
  const tcbInfo = await verifyTcbInfo(given, chains, trust.pool);
  const qeIdentity = await verifyQeIdentity(given, chains, tcbInfo, trust.pool);
  const windows = [
    ...[chains.pckCrl, chains.tcbInfo, chains.qeIdentity].flatMap((chain) => chain.windows),
    rootCrl.window,
    pckCrl.window,
    documentWindow(tcbInfo, SIGNED.tcbInfo),
    documentWindow(qeIdentity, SIGNED.qeIdentity),
  ];
  expectCurrent(windows, clock);
  const digest = await collateralDigest(given);
  const facts = { trust, rootCrl, pckCrl, pckCa, tcbInfo, qeIdentity, windows, digest };
  return sealCollateral({ ...facts, suppliedPckChain: given.pckCertificateChain });
}

/** So that nothing changes between the checks, which are asynchronous. */
function snapshot(collateral: Collateral): Collateral {
  const { rootCaCrl, pckCrl } = collateral;
  return { ...collateral, rootCaCrl: new Uint8Array(rootCaCrl), pckCrl: new Uint8Array(pckCrl) };
}

async function verifyIssuerChains(given: Collateral, trust: ChainTrust): Promise<IssuerChains> {
  const pckCrl = await verifyChain(given.pckCrlIssuerChain, CHAINS.pckCrlIssuer, trust);
  const tcbInfo = await verifyChain(given.tcbInfoIssuerChain, CHAINS.tcbInfoIssuer, trust);
  trust.pool.learn([tcbInfo.leaf]); // it signs the QE identity too
  const qeIdentity = await verifyChain(given.qeIdentityIssuerChain, CHAINS.qeIdentityIssuer, trust);
  return { pckCrl, tcbInfo, qeIdentity };
}

function refuseRevokedIssuers(chains: IssuerChains, rootCrl: VerifiedCrl): void {
  const cases = [
    [chains.pckCrl, "intermediate-revoked"],
    [chains.tcbInfo, "tcb-signer-revoked"],
    [chains.qeIdentity, "tcb-signer-revoked"],
  ] as const;
  for (const [{ leaf, root }, code] of cases) {
    refuseRevoked(root, rootCrl, "root-revoked");
    refuseRevoked(leaf, rootCrl, code);
  }
}

async function verifyTcbInfo(given: Collateral, chains: IssuerChains, pool: CertificatePool): Promise<TcbInfo> {
  const { tcbInfo, tcbInfoSignature } = given;
  await verifySignedText(tcbInfo, tcbInfoSignature, chains.tcbInfo.leaf, SIGNED.tcbInfo, pool);
  return parseTcbInfo(tcbInfo);
}

async function verifyQeIdentity(
  given: Collateral,
  chains: IssuerChains,
  { tee }: TcbInfo,
  pool: CertificatePool,
): Promise<QeIdentity> {
  const { qeIdentity, qeIdentitySignature } = given;
  await verifySignedText(qeIdentity, qeIdentitySignature, chains.qeIdentity.leaf, SIGNED.qeIdentity, pool);
  return parseQeIdentity(qeIdentity, tee);
}
