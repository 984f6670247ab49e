import type { QeIdentity, QeTcbLevel } from "../../collateral/qe-identity.ts";
import type { PlatformTcbLevel, TcbInfo } from "../../collateral/tcb-info.ts";
import type { TcbLevelFacts } from "../../collateral/tcb-level.ts";
import type { ConvergedTcbStatus, PartTcbStatus, TcbStatus } from "../../collateral/tcb-status.ts";
import type { TdxModuleTcbLevel } from "../../collateral/tdx-module.ts";
import { AttestationError } from "../../errors.ts";
import type { TdReportBody } from "../../quote/td-report-body.ts";
import { type Advisory, uniteAdvisories } from "./advisory.ts";
import { converge } from "./converge.ts";
import { matchPlatformLevel, matchSgxPart, type PckSvns } from "./platform-tcb.ts";
import { relaunchStatus } from "./td-relaunch.ts";
import { matchTdxModule } from "./tdx-module.ts";

/** The levels that were reached, one of each part. Copies: the collateral that they come from serves others too. */
export interface MatchedLevels {
  readonly platform: PlatformTcbLevel;
  readonly qe: QeTcbLevel;
  /** TDX with a module of major version 1 or later. */
  readonly tdxModule: TdxModuleTcbLevel | undefined;
}

/** How current platform, TDX module and quoting enclave are, according to the vendor. */
export interface TcbEvaluation {
  /** All parts together. */
  readonly tcbStatus: ConvergedTcbStatus;
  readonly platformTcbStatus: TcbStatus;
  /** Of the platform without its TDX part; for SGX the same as {@link platformTcbStatus}. */
  readonly sgxTcbStatus: TcbStatus;
  readonly tdxModuleTcbStatus: PartTcbStatus | undefined;
  readonly qeTcbStatus: PartTcbStatus;
  readonly levels: MatchedLevels;
  /** Advisories of all levels, each once. */
  readonly advisoryIds: readonly string[];
  /** The same with the parts that they come from. */
  readonly advisories: readonly Advisory[];
  /** The oldest date of the levels. */
  readonly tcbDate: Date;
}

/** Which SVNs count. */
export interface ReportedSvns {
  /** Those of the PCK certificate. */
  readonly pck: PckSvns;
  /** That of the QE report. */
  readonly qeIsvSvn: number;
  /** Body of a TDX quote; undefined for SGX. */
  readonly td: TdReportBody | undefined;
}

/**
 * Evaluates the TCB of a platform (Intel PCS API, "TCB info": determination of a TCB status; for TDX with module identity
 * and TD relaunch).
 * @throws AttestationError `platform-tcb-not-supported`, `qe-tcb-not-supported`, the codes of {@link matchTdxModule}
 */
export function evaluateTcb(
  { pck, qeIsvSvn, td }: ReportedSvns,
  tcbInfo: TcbInfo,
  qeIdentity: QeIdentity,
): TcbEvaluation {
  const tdxModule = td === undefined ? undefined : matchModule(td, tcbInfo);
  const platform = matchPlatformLevel(pck, td?.teeTcbSvn, tcbInfo);
  const qe = matchQeLevel(qeIsvSvn, qeIdentity);
  const levels = {
    platform: copyPlatformLevel(platform),
    qe: copyLevel(qe),
    tdxModule: tdxModule && copyLevel(tdxModule),
  };
  const sgxTcbStatus = matchSgxPart(pck, tcbInfo).status;
  const launched = converge(platform.status, tdxModule?.status ?? "UpToDate");
  const facts = { sgxStatus: sgxTcbStatus, status: launched, moduleStatus: tdxModule?.status, qeStatus: qe.status };
  const relaunched = relaunchStatus({ ...facts, teeTcbSvn2: td?.teeTcbSvn2 }, tcbInfo) ?? launched;
  const advisories = uniteAdvisories(levels);
  return {
    tcbStatus: converge(relaunched, qe.status),
    platformTcbStatus: platform.status,
    sgxTcbStatus,
    tdxModuleTcbStatus: tdxModule?.status,
    qeTcbStatus: qe.status,
    levels,
    advisories,
    advisoryIds: advisories.map(({ id }) => id),
    tcbDate: oldestDate(levels),
  };
}

function matchModule(td: TdReportBody, { tdxModules }: TcbInfo): TdxModuleTcbLevel | undefined {
  if (tdxModules === undefined) {
    throw new AttestationError("tcb-info-tee-mismatch", "TCB info says nothing about TDX modules");
  }
  return matchTdxModule(td, tdxModules);
}

function matchQeLevel(isvSvn: number, { levels }: QeIdentity): QeTcbLevel {
  const match = levels.find((level) => isvSvn >= level.isvSvn);
  if (match === undefined) {
    throw new AttestationError("qe-tcb-not-supported", "quoting enclave is below every TCB level of its identity", {
      actual: `ISVSVN ${isvSvn}`,
    });
  }
  return match;
}

function copyPlatformLevel(level: PlatformTcbLevel): PlatformTcbLevel {
  const { components, tdxComponents } = level;
  return { ...copyLevel(level), components: [...components], tdxComponents: tdxComponents && [...tdxComponents] };
}

function copyLevel<Level extends TcbLevelFacts<string>>(level: Level): Level {
  return { ...level, tcbDate: new Date(level.tcbDate), advisoryIds: [...level.advisoryIds] };
}

function oldestDate({ platform, qe, tdxModule }: MatchedLevels): Date {
  const dates = [platform, qe, ...(tdxModule === undefined ? [] : [tdxModule])];
  return new Date(Math.min(...dates.map(({ tcbDate }) => tcbDate.getTime())));
}
