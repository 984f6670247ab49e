import { encodeHex, encodeUtf8, sha256 } from "@sealserve/core";
import type { Collateral } from "../collateral/collateral.ts";
import { encodeCollateralFile } from "../collateral/collateral-file.ts";
import { parseQeIdentity, type QeIdentity } from "../collateral/qe-identity.ts";
import { parseTcbInfo, type TcbInfo } from "../collateral/tcb-info.ts";
import type { TrustedRoot } from "../trust/trusted-root.ts";
import { type VerifiedChain, verifyChain } from "./certificate-chain.ts";
import { CHAINS } from "./chain-kind.ts";
import { CRLS, refuseRevoked, type VerifiedCrl, verifyCrl } from "./revocation.ts";
import { documentWindow, SIGNED, verifySignedText } from "./signed-document.ts";
import { sealCollateral, type VerifiedCollateral } from "./verified-collateral.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { expectCurrent } from "./window.ts";

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
  const root = Object.freeze({ ...options.root });
  const chains = await verifyIssuerChains(given, root);
  const rootCrl = await verifyCrl(given.rootCaCrl, chains.pckCrl.root, CRLS.root);
  // First, so that a revocation is always told by a list that counts now, not by one that was kept and sent again.
  expectCurrent([rootCrl.window], options.now);
  refuseRevokedIssuers(chains, rootCrl);
  const pckCa = chains.pckCrl.leaf;
  const pckCrl = await verifyCrl(given.pckCrl, pckCa, CRLS.pck);
  const tcbInfo = await verifyTcbInfo(given, chains);
  const qeIdentity = await verifyQeIdentity(given, chains, tcbInfo);
  const windows = [
    ...[chains.pckCrl, chains.tcbInfo, chains.qeIdentity].flatMap((chain) => chain.windows),
    rootCrl.window,
    pckCrl.window,
    documentWindow(tcbInfo, SIGNED.tcbInfo),
    documentWindow(qeIdentity, SIGNED.qeIdentity),
  ];
  expectCurrent(windows, options.now);
  const digest = encodeHex(await sha256(encodeUtf8(encodeCollateralFile(given))));
  const facts = { root, rootCrl, pckCrl, pckCa, tcbInfo, qeIdentity, windows, digest };
  return sealCollateral({ ...facts, suppliedPckChain: given.pckCertificateChain });
}

/** So that nothing changes between the checks, which are asynchronous. */
function snapshot(collateral: Collateral): Collateral {
  const { rootCaCrl, pckCrl } = collateral;
  return { ...collateral, rootCaCrl: new Uint8Array(rootCaCrl), pckCrl: new Uint8Array(pckCrl) };
}

async function verifyIssuerChains(given: Collateral, root: TrustedRoot): Promise<IssuerChains> {
  return {
    pckCrl: await verifyChain(given.pckCrlIssuerChain, CHAINS.pckCrlIssuer, root),
    tcbInfo: await verifyChain(given.tcbInfoIssuerChain, CHAINS.tcbInfoIssuer, root),
    qeIdentity: await verifyChain(given.qeIdentityIssuerChain, CHAINS.qeIdentityIssuer, root),
  };
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

async function verifyTcbInfo(given: Collateral, chains: IssuerChains): Promise<TcbInfo> {
  const { tcbInfo, tcbInfoSignature } = given;
  await verifySignedText(tcbInfo, tcbInfoSignature, chains.tcbInfo.leaf, SIGNED.tcbInfo);
  return parseTcbInfo(tcbInfo);
}

async function verifyQeIdentity(given: Collateral, chains: IssuerChains, { tee }: TcbInfo): Promise<QeIdentity> {
  const { qeIdentity, qeIdentitySignature } = given;
  await verifySignedText(qeIdentity, qeIdentitySignature, chains.qeIdentity.leaf, SIGNED.qeIdentity);
  return parseQeIdentity(qeIdentity, tee);
}
