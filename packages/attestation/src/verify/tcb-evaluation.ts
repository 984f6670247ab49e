import type { QeIdentity, QeTcbLevel } from "../collateral/qe-identity.ts";
import type { PlatformTcbLevel, TcbInfo } from "../collateral/tcb-info.ts";
import type { QeTcbStatus, TcbStatus } from "../collateral/tcb-status.ts";
import { AttestationError } from "../errors.ts";
import type { PckExtension } from "../pck/pck-extension.ts";

/** How current platform and quoting enclave are, according to the vendor. */
export interface TcbEvaluation {
  /** Platform and quoting enclave together. */
  readonly tcbStatus: TcbStatus;
  readonly platformTcbStatus: TcbStatus;
  readonly qeTcbStatus: QeTcbStatus;
  /** Advisories of both levels, each once. */
  readonly advisoryIds: readonly string[];
  /** The older date of both levels. */
  readonly tcbDate: Date;
}

/** Which SVNs count: those of the PCK certificate and that of the QE report. */
export interface ReportedSvns {
  readonly pck: Pick<PckExtension, "components" | "pceSvn">;
  readonly qeIsvSvn: number;
}

/**
 * Evaluates the TCB of an SGX platform (Intel PCS API, "TCB info": determination of a TCB status).
 * @throws AttestationError `platform-tcb-not-supported`, `qe-tcb-not-supported`
 */
export function evaluateTcb(svns: ReportedSvns, tcbInfo: TcbInfo, qeIdentity: QeIdentity): TcbEvaluation {
  const platform = matchPlatformLevel(svns.pck, tcbInfo);
  const qe = matchQeLevel(svns.qeIsvSvn, qeIdentity);
  return {
    tcbStatus: converge(platform.status, qe.status),
    platformTcbStatus: platform.status,
    qeTcbStatus: qe.status,
    advisoryIds: [...new Set([...platform.advisoryIds, ...qe.advisoryIds])],
    tcbDate: new Date(Math.min(platform.tcbDate.getTime(), qe.tcbDate.getTime())),
  };
}

/** The first level of which every component, by position, and the PCESVN are reached. */
function matchPlatformLevel(pck: ReportedSvns["pck"], { levels }: TcbInfo): PlatformTcbLevel {
  const match = levels.find(
    (level) => pck.pceSvn >= level.pceSvn && reachesComponents(pck.components, level.components),
  );
  if (match === undefined) {
    throw new AttestationError("platform-tcb-not-supported", "platform is below every TCB level of its TCB info", {
      actual: `components ${pck.components.join(" ")}, PCESVN ${pck.pceSvn}`,
    });
  }
  return match;
}

function reachesComponents(actual: readonly number[], minimum: readonly number[]): boolean {
  return (
    actual.length === minimum.length &&
    minimum.every((svn, index) => (actual[index] ?? Number.NEGATIVE_INFINITY) >= svn)
  );
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

/** What becomes of a platform's status under an outdated part. */
const OUTDATED: Readonly<Record<TcbStatus, TcbStatus>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  Revoked: "Revoked",
};

const WITH_PART: Readonly<Record<QeTcbStatus, (platform: TcbStatus) => TcbStatus>> = {
  UpToDate: (platform) => platform,
  OutOfDate: (platform) => OUTDATED[platform],
  Revoked: () => "Revoked",
};

/**
 * The status of a platform together with one of its parts. Not the worse of two: a platform that needs configuration and
 * has an outdated part keeps both facts.
 */
export function converge(platform: TcbStatus, part: QeTcbStatus): TcbStatus {
  return WITH_PART[part](platform);
}
