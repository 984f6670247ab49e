import type { PlatformTcbLevel, TcbInfo } from "../../collateral/tcb-info.ts";
import type { ConvergedTcbStatus, PartTcbStatus, TcbStatus } from "../../collateral/tcb-status.ts";
import type { TdxModules } from "../../collateral/tdx-module.ts";
import { moduleIdentity } from "./tdx-module.ts";

/** What the question whether a trust domain should be relaunched depends on. */
export interface RelaunchFacts {
  /** SVNs of the module that runs now; undefined for a body of TDX 1.0, whose module cannot be exchanged. */
  readonly teeTcbSvn2: Uint8Array | undefined;
  /** Of the platform without its TDX part. */
  readonly sgxStatus: TcbStatus;
  /** Platform and launching module together. */
  readonly status: ConvergedTcbStatus;
  readonly moduleStatus: PartTcbStatus | undefined;
  readonly qeStatus: PartTcbStatus;
}

type RelaunchStatus = "TDRelaunchAdvised" | "TDRelaunchAdvisedConfigurationNeeded";

const CONFIGURATION: readonly ConvergedTcbStatus[] = [
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDateConfigurationNeeded",
];
const CURRENT: readonly TcbStatus[] = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
];

/** Places in TEE_TCB_SVN2 and in the TDX components of a level. */
const MODULE_SVN = 0;
const MODULE_VERSION = 1;
const LATE_MICROCODE = 2;

/**
 * Whether all that is outdated is the module by which the TD was launched, since the platform has a current one by now
 * (Intel TDX DCAP quote verification, TD relaunch). Then the TD, not the platform, has to be renewed.
 * @throws AttestationError `tdx-module-unknown` when the module that runs now has no identity
 */
export function relaunchStatus(facts: RelaunchFacts, tcbInfo: TcbInfo): RelaunchStatus | undefined {
  const { teeTcbSvn2, sgxStatus, status, moduleStatus, qeStatus } = facts;
  const { tdxModules } = tcbInfo;
  const onlyModuleOutdated =
    qeStatus === "UpToDate" &&
    CURRENT.includes(sgxStatus) &&
    (status === "OutOfDate" || status === "OutOfDateConfigurationNeeded") &&
    moduleStatus === "OutOfDate";
  if (!onlyModuleOutdated || teeTcbSvn2 === undefined || tdxModules === undefined) {
    return undefined;
  }
  if (!runsCurrentModule(teeTcbSvn2, tcbInfo.levels[0], tdxModules)) {
    return undefined;
  }
  const configuration = CONFIGURATION.includes(sgxStatus) || CONFIGURATION.includes(status);
  return configuration ? "TDRelaunchAdvisedConfigurationNeeded" : "TDRelaunchAdvised";
}

function runsCurrentModule(svn2: Uint8Array, newest: PlatformTcbLevel | undefined, modules: TdxModules): boolean {
  const version = svn2[MODULE_VERSION] ?? 0;
  const minimum =
    version === 0 ? newest?.tdxComponents?.[MODULE_SVN] : moduleIdentity(modules, version).levels[0]?.isvSvn;
  return (
    isReached(svn2[MODULE_SVN], minimum) && isReached(svn2[LATE_MICROCODE], newest?.tdxComponents?.[LATE_MICROCODE])
  );
}

/** A number that is missing on either side is not reached. */
function isReached(actual: number | undefined, minimum: number | undefined): boolean {
  return actual !== undefined && minimum !== undefined && actual >= minimum;
}
