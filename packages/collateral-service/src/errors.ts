import { SealserveError } from "@sealserve/core";

/** Codes of {@link ServiceError}. */
export type ServiceErrorCode =
  /** The database cannot be opened or reached. */
  | "database-unavailable"
  /** The database was made by a newer program, or is none of this service. */
  | "database-foreign";

/** The collateral service cannot do its work. */
export class ServiceError extends SealserveError<ServiceErrorCode> {}
