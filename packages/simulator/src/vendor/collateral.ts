import type { Collateral } from "@sealserve/attestation";
import { chainPem } from "./authority.ts";
import type { Authorities } from "./certificates.ts";
import type { SimulatedMachine } from "./machine.ts";
import { qeIdentityMembers, qeLevels } from "./qe-identity.ts";
import { createRevocationList, type RevocationOverrides } from "./revocation.ts";
import { type DocumentOverrides, type SignedDocument, signDocument } from "./signed-document.ts";
import { levelsFor, tcbInfoMembers } from "./tcb-info.ts";
import type { QeTcbLevel, TcbLevel } from "./tcb-level.ts";
import { windowFrom } from "./validity.ts";

/** What the vendor says about its machine; everything can be set, so that tests can make every wrong variant. */
export interface CollateralOptions {
  /** Time of issue; by default the time at which the vendor object was made or loaded. */
  readonly now?: Date;
  /** State of the level that the machine reaches. Default `UpToDate`, without advisories. */
  readonly tcbStatus?: string;
  readonly tcbDate?: Date;
  readonly advisoryIds?: readonly string[];
  /** Levels in place of the usual two; `tcbStatus`, `tcbDate` and `advisoryIds` do not count then. */
  readonly tcbLevels?: readonly TcbLevel[];
  /** State of the level that the quoting enclave reaches. Default `UpToDate`. */
  readonly qeTcbStatus?: string;
  readonly qeTcbLevels?: readonly QeTcbLevel[];
  readonly tcbEvaluationDataNumber?: number;
  /** 12 hex digits in place of the machine's. */
  readonly fmspc?: string;
  /** 4 hex digits in place of the machine's. */
  readonly pceId?: string;
  readonly tcbInfo?: DocumentOverrides;
  readonly qeIdentity?: DocumentOverrides;
  readonly rootCaCrl?: RevocationOverrides;
  readonly pckCrl?: RevocationOverrides;
}

const TCB_EVALUATION_DATA_NUMBER = 1;

/** Makes a whole set of collateral in the forms that Intel's services answer with. */
export async function createCollateral(
  authorities: Authorities,
  machine: SimulatedMachine,
  now: Date,
  options: CollateralOptions,
): Promise<Collateral> {
  const { root, platformCa } = authorities;
  const { issueDate, nextUpdate } = windowFrom(now);
  const window = { thisUpdate: issueDate, nextUpdate };
  const [tcbInfo, qeIdentity, rootCaCrl, pckCrl] = await Promise.all([
    signTcbInfo(authorities, machine, now, options),
    signQeIdentity(authorities, now, options),
    createRevocationList(root, window, options.rootCaCrl ?? {}),
    createRevocationList(platformCa, window, options.pckCrl ?? {}),
  ]);
  return {
    tcbInfo: tcbInfo.text,
    tcbInfoSignature: tcbInfo.signature,
    tcbInfoIssuerChain: tcbInfo.issuerChain,
    qeIdentity: qeIdentity.text,
    qeIdentitySignature: qeIdentity.signature,
    qeIdentityIssuerChain: qeIdentity.issuerChain,
    rootCaCrl,
    pckCrl,
    pckCrlIssuerChain: chainPem(platformCa, root),
  };
}

function signTcbInfo(
  { tcbSigning, root }: Authorities,
  machine: SimulatedMachine,
  now: Date,
  options: CollateralOptions,
): Promise<SignedDocument> {
  const overrides = options.tcbInfo ?? {};
  const current = {
    status: options.tcbStatus ?? "UpToDate",
    date: options.tcbDate,
    advisoryIds: options.advisoryIds,
  };
  const members = tcbInfoMembers({
    ...documentWindow(now, overrides),
    fmspc: options.fmspc ?? machine.fmspc,
    pceId: options.pceId ?? machine.pceId,
    tcbEvaluationDataNumber: options.tcbEvaluationDataNumber ?? TCB_EVALUATION_DATA_NUMBER,
    tcbLevels: options.tcbLevels ?? levelsFor(machine, current),
  });
  return signDocument(members, { signer: tcbSigning, root }, overrides);
}

function signQeIdentity(
  { tcbSigning, root }: Authorities,
  now: Date,
  options: CollateralOptions,
): Promise<SignedDocument> {
  const overrides = options.qeIdentity ?? {};
  const members = qeIdentityMembers({
    ...documentWindow(now, overrides),
    tcbEvaluationDataNumber: options.tcbEvaluationDataNumber ?? TCB_EVALUATION_DATA_NUMBER,
    tcbLevels: options.qeTcbLevels ?? qeLevels(options.qeTcbStatus ?? "UpToDate"),
  });
  return signDocument(members, { signer: tcbSigning, root }, overrides);
}

function documentWindow(now: Date, overrides: DocumentOverrides): { issueDate: Date; nextUpdate: Date } {
  const usual = windowFrom(now);
  return {
    issueDate: overrides.issueDate ?? usual.issueDate,
    nextUpdate: overrides.nextUpdate ?? usual.nextUpdate,
  };
}
