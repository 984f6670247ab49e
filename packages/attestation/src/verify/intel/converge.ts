import type { ConvergedTcbStatus, PartTcbStatus } from "../../collateral/tcb-status.ts";

/** What becomes of a status under an outdated part. */
const OUTDATED: Readonly<Record<ConvergedTcbStatus, ConvergedTcbStatus>> = {
  UpToDate: "OutOfDate",
  SWHardeningNeeded: "OutOfDate",
  ConfigurationNeeded: "OutOfDateConfigurationNeeded",
  ConfigurationAndSWHardeningNeeded: "OutOfDateConfigurationNeeded",
  OutOfDate: "OutOfDate",
  OutOfDateConfigurationNeeded: "OutOfDateConfigurationNeeded",
  Revoked: "Revoked",
  TDRelaunchAdvised: "OutOfDate",
  TDRelaunchAdvisedConfigurationNeeded: "OutOfDateConfigurationNeeded",
};

const WITH_PART: Readonly<Record<PartTcbStatus, (status: ConvergedTcbStatus) => ConvergedTcbStatus>> = {
  UpToDate: (status) => status,
  OutOfDate: (status) => OUTDATED[status],
  Revoked: () => "Revoked",
};

/**
 * A status together with that of a part, the TDX module or the quoting enclave. Not the worse of two: a platform that needs
 * configuration and has an outdated part keeps both facts.
 */
export function converge(status: ConvergedTcbStatus, part: PartTcbStatus): ConvergedTcbStatus {
  return WITH_PART[part](status);
}
