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

/** Status of a platform's TCB. */
export type TcbStatus = (typeof TCB_STATUSES)[number];

/** Every status a TCB level of a quoting enclave can have (Intel PCS API, enclave identity). */
export const QE_TCB_STATUSES = ["UpToDate", "OutOfDate", "Revoked"] as const;

/** Status of the TCB of a quoting enclave. */
export type QeTcbStatus = (typeof QE_TCB_STATUSES)[number];
