import { SealserveError } from "@sealserve/core";

/** Codes of {@link ServiceError}. */
export type ServiceErrorCode =
  /** The database cannot be opened or reached. */
  | "database-unavailable"
  /** The database was made by a newer program, or is none of this service. */
  | "database-foreign"
  /** A document is not in the form of its kind, or is another one than it should be. */
  | "document-malformed"
  /** A document was issued before one of its kind that was stored before. */
  | "rolled-back"
  /** A certificate that vouches for something is on the list of its root. */
  | "issuer-revoked"
  /** A file that the configuration names cannot be used. */
  | "file-unusable"
  /** The port cannot be had. */
  | "port-unavailable";

/** The collateral service cannot do its work. */
export class ServiceError extends SealserveError<ServiceErrorCode> {}
