import type { TcbStatus } from "../collateral/tcb-status.ts";

/** Which enclaves are the right software. Every member that is given must hold. */
export interface SgxPolicy {
  /** Accepted MRENCLAVE values: 64 hex digits each. */
  readonly mrEnclave?: readonly string[];
  /** Accepted MRSIGNER values: 64 hex digits each. */
  readonly mrSigner?: readonly string[];
  readonly isvProdId?: number;
  readonly minimumIsvSvn?: number;
  /** Accepted CONFIGID values: 128 hex digits each. */
  readonly configId?: readonly string[];
  /** Default `refuse`: an enclave with this right can identify the platform. */
  readonly provisionKey?: "refuse" | "allow";
  /** Default `refuse`: an enclave with this right can decide which others are launched. */
  readonly einitTokenKey?: "refuse" | "allow";
}

/** How current a platform must be. */
export interface TcbPolicy {
  /** Accepted statuses; default `UpToDate` alone. `Revoked` is never accepted. */
  readonly statuses?: readonly TcbStatus[];
  /**
   * Advisories that the workload copes with. With any status but `UpToDate`, every reported one must be among them.
   * Required to accept a status that asks for hardening of software.
   */
  readonly toleratedAdvisoryIds?: readonly string[];
  /** The oldest acceptable TCB date, such as `2026-01-01T00:00:00Z`. Required to accept an outdated status. */
  readonly minimumTcbDate?: string;
  readonly minimumEvaluationDataNumber?: number;
}

/** What is enough for the one who relies on evidence. Made by `parsePolicy`; every default is the strict choice. */
export interface AppraisalPolicy {
  readonly sgx?: SgxPolicy;
  readonly tcb?: TcbPolicy;
  /** Default `refuse`. `allow-insecure` is for development: a debug enclave hides nothing from its host. */
  readonly debug?: "refuse" | "allow-insecure";
}

/**
 * Judges everything but which software runs: current TCB, no debug, no special keys. Enough to look at evidence, never
 * to trust it with a secret.
 */
export const defaultPolicy: AppraisalPolicy = Object.freeze({});

/** Statuses accepted where a policy names none. */
export const DEFAULT_STATUSES: readonly TcbStatus[] = ["UpToDate"];

/** Statuses of platforms that lack updates; accepting one needs a limit on its age. */
export const OUTDATED_STATUSES: readonly TcbStatus[] = ["OutOfDate", "OutOfDateConfigurationNeeded"];

/** Statuses of platforms on which software must protect itself; accepting one needs the advisories that it copes with. */
export const HARDENING_STATUSES: readonly TcbStatus[] = ["SWHardeningNeeded", "ConfigurationAndSWHardeningNeeded"];
