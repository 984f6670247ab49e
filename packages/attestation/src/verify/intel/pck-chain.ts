import { type Certificate, equalBytes } from "@sealserve/core";
import type { TcbInfo } from "../../collateral/tcb-info.ts";
import { AttestationError } from "../../errors.ts";
import { type ChainTrust, verifyChain } from "../certificate-chain.ts";
import { refuseRevoked, type VerifiedCrl } from "../revocation.ts";
import { CHAINS } from "./chains.ts";
import { type PckIdentity, readVerifiedPck, type VerifiedPck } from "./pck-identity.ts";

/** What a PCK chain is held against. */
export interface PckEndorsements {
  readonly trust: ChainTrust;
  readonly rootCrl: VerifiedCrl;
  readonly pckCrl: VerifiedCrl;
  /** The CA that signed `pckCrl`. */
  readonly pckCa: Certificate;
  readonly tcbInfo: TcbInfo;
}

/**
 * Proves a PCK chain under the trusted root, not revoked, of the platform that the TCB info is about. Time is not checked.
 * @throws AttestationError the codes of the chain, of revocation, and `tcb-info-fmspc-mismatch`,
 * `tcb-info-pceid-mismatch`
 */
export async function verifyPckChain(pem: string, endorsements: PckEndorsements): Promise<VerifiedPck> {
  const { trust, rootCrl, pckCrl, pckCa, tcbInfo } = endorsements;
  const chain = await verifyChain(pem, CHAINS.pck, trust);
  expectListOfIssuer(chain.issuer, pckCa);
  refuseRevoked(chain.root, rootCrl, "root-revoked");
  refuseRevoked(chain.issuer, rootCrl, "intermediate-revoked");
  refuseRevoked(chain.leaf, pckCrl, "pck-revoked");
  const pck = await readVerifiedPck(chain);
  expectSamePlatform(pck.identity, tcbInfo);
  return pck;
}

/** The Processor CA and the Platform CA each have a list; only that of the leaf's issuer can clear the leaf. */
function expectListOfIssuer(issuer: Certificate, pckCa: Certificate): void {
  const sameName = equalBytes(issuer.subject.raw, pckCa.subject.raw);
  if (!sameName || !equalBytes(issuer.publicKeyInfo, pckCa.publicKeyInfo)) {
    throw new AttestationError("pck-crl-issuer-mismatch", "PCK CRL is not of the CA that issued the PCK certificate", {
      expected: issuer.subject.commonName,
      actual: sameName ? "a CA of the same name with another key" : pckCa.subject.commonName,
    });
  }
}

function expectSamePlatform(pck: PckIdentity, tcbInfo: TcbInfo): void {
  if (tcbInfo.fmspc !== pck.fmspc) {
    throw new AttestationError("tcb-info-fmspc-mismatch", "TCB info is for platforms of another FMSPC", {
      expected: pck.fmspc,
      actual: tcbInfo.fmspc,
    });
  }
  if (tcbInfo.pceId !== pck.pceId) {
    throw new AttestationError("tcb-info-pceid-mismatch", "TCB info is for another PCEID", {
      expected: pck.pceId,
      actual: tcbInfo.pceId,
    });
  }
}
