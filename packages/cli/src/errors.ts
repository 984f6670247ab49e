import { SealserveError } from "@sealserve/core";

/** Codes of {@link CliError}. */
export type CliErrorCode =
  | "usage"
  | "output-exists"
  | "ca-unusable"
  | "not-built"
  | "collateral-service-missing"
  | "simulator-missing"
  | "answers-differ"
  | "demo-step-failed";

/** The command line was used wrongly, or something it needs on this machine is not there. */
export class CliError extends SealserveError<CliErrorCode> {}
