import type { Collateral } from "@sealserve/attestation";
import { chainPem } from "./authority.ts";
import type { Authorities } from "./certificates.ts";
import type { IntelTee } from "./intel-tee.ts";
import type { TdxMachine } from "./machine.ts";
import { qeIdentityMembers, qeLevels } from "./qe-identity.ts";
import { createRevocationList, type RevocationOverrides } from "./revocation.ts";
import { type DocumentOverrides, type SignedDocument, signDocument } from "./signed-document.ts";
import { levelsFor, tcbInfoMembers, tdxComponentsFor } from "./tcb-info.ts";
import type { IsvSvnLevel, TcbLevel } from "./tcb-level.ts";
import { type TdxModule, type TdxModuleIdentity, tdxModuleIdentitiesFor } from "./tdx-module.ts";
import { windowFrom } from "./validity.ts";

/** What the vendor says about its machine; everything can be set, so that tests can make every wrong variant. */
export interface CollateralOptions {
  /** Whose TCB info and QE identity; default `sgx`. */
  readonly tee?: IntelTee;
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
  readonly qeTcbLevels?: readonly IsvSvnLevel[];
  /** Version of the TCB info, default 3; 2 is for SGX only. */
  readonly tcbInfoVersion?: 2 | 3;
  /** For TDX: what a module without a major version must be; `"absent"` leaves the member out. */
  readonly tdxModule?: TdxModule | "absent";
  /** For TDX: state of the level that the module of the machine reaches. Default `UpToDate`. */
  readonly tdxModuleStatus?: string;
  /** For TDX: identities in place of the usual ones, where `tdxModuleStatus` does not count; `"absent"` leaves the member out. */
  readonly tdxModuleIdentities?: readonly TdxModuleIdentity[] | "absent";
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
  machine: TdxMachine,
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

async function signTcbInfo(
  { tcbSigning, root }: Authorities,
  machine: TdxMachine,
  now: Date,
  options: CollateralOptions,
): Promise<SignedDocument> {
  const overrides = options.tcbInfo ?? {};
  const members = tcbInfoMembers({
    ...documentWindow(now, overrides),
    tee: options.tee ?? "sgx",
    version: options.tcbInfoVersion ?? 3,
    fmspc: options.fmspc ?? machine.fmspc,
    pceId: options.pceId ?? machine.pceId,
    tcbEvaluationDataNumber: options.tcbEvaluationDataNumber ?? TCB_EVALUATION_DATA_NUMBER,
    ...tdxModules(machine, options),
    tcbLevels: platformLevels(machine, options),
  });
  return signDocument(members, { signer: tcbSigning, root }, overrides);
}

function platformLevels(machine: TdxMachine, options: CollateralOptions): readonly TcbLevel[] {
  const { tcbStatus: status = "UpToDate", tcbDate: date, advisoryIds, tcbLevels } = options;
  const tdxComponentSvns = tdxComponentsFor(machine);
  return (
    tcbLevels?.map((level) => ({ tdxComponentSvns, ...level })) ?? levelsFor(machine, { status, date, advisoryIds })
  );
}

function tdxModules(machine: TdxMachine, { tdxModule, tdxModuleStatus, tdxModuleIdentities }: CollateralOptions) {
  return {
    tdxModule: tdxModule === "absent" ? undefined : (tdxModule ?? {}),
    tdxModuleIdentities:
      tdxModuleIdentities === "absent"
        ? undefined
        : (tdxModuleIdentities ?? tdxModuleIdentitiesFor(machine, tdxModuleStatus ?? "UpToDate")),
  };
}

async function signQeIdentity(
  { tcbSigning, root }: Authorities,
  now: Date,
  options: CollateralOptions,
): Promise<SignedDocument> {
  const overrides = options.qeIdentity ?? {};
  const tee = options.tee ?? "sgx";
  const members = qeIdentityMembers({
    ...documentWindow(now, overrides),
    tee,
    tcbEvaluationDataNumber: options.tcbEvaluationDataNumber ?? TCB_EVALUATION_DATA_NUMBER,
    tcbLevels: options.qeTcbLevels ?? qeLevels(tee, options.qeTcbStatus ?? "UpToDate"),
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
