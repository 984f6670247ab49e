/** Every status a TCB level of a platform can have (Intel PCS API, TCB info). Anything else is refused. */
export const TCB_STATUSES = [
  "UpToDate",
  "SWHardeningNeeded",
  "ConfigurationNeeded",
  "ConfigurationAndSWHardeningNeeded",
  "OutOfDate",
  "OutOfDateConfigurationNeeded",
  "Revoked",
] as const;

/** Status of a TCB level of a platform. */
export type TcbStatus = (typeof TCB_STATUSES)[number];

/**
 * Statuses that no document has, because they are about one trust domain: the platform is updated, the TD was launched by
 * an outdated TDX module.
 */
export const RELAUNCH_STATUSES = ["TDRelaunchAdvised", "TDRelaunchAdvisedConfigurationNeeded"] as const;

/** Every status that platform, TDX module and quoting enclave can come to together. */
export const CONVERGED_TCB_STATUSES = [...TCB_STATUSES, ...RELAUNCH_STATUSES] as const;

/** Status of evidence: platform, TDX module and quoting enclave together. */
export type ConvergedTcbStatus = (typeof CONVERGED_TCB_STATUSES)[number];

/** Every status a TCB level of a quoting enclave or TDX module can have (Intel PCS API, enclave identity). */
export const PART_TCB_STATUSES = ["UpToDate", "OutOfDate", "Revoked"] as const;

/** Status of the TCB of a quoting enclave or TDX module. */
export type PartTcbStatus = (typeof PART_TCB_STATUSES)[number];
