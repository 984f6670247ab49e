import { SealserveError } from "@sealserve/core";

/** Codes of {@link NodeError}. */
export type NodeErrorCode =
  /** The package holds no numbered version of the model. */
  | "no-model-version"
  /** The package holds no TLS key or certificate, or more than one. */
  | "tls-files-missing"
  /** The TLS key and certificate of the package cannot be used together. */
  | "tls-files-unusable"
  | "port-unavailable"
  /** The broker releases the key of another package than the one that the node has served. */
  | "package-replaced"
  /** A file that the server needs is larger than any of its kind is. */
  | "file-too-large"
  /** The lease of the key ended before the model was loaded. */
  | "lease-ended"
  /** There is no TLS material, and nothing that allows to serve without it. */
  | "plaintext-not-allowed"
  /** A flag of the command line cannot be read. */
  | "bad-flag"
  /** An option has a value that cannot be used, or does not go with another. */
  | "bad-option"
  /** An option that is refused whatever its value: its message says why. */
  | "refused-option"
  /** The program or library of an engine is not one that may be run. */
  | "engine-unusable"
  /** The program of an engine does not come to serve the model. */
  | "engine-not-started"
  /** There is no place in memory for the files of another program. */
  | "private-directory-unusable";

/** The serving node could not start. Nothing has been served. */
export class NodeError extends SealserveError<NodeErrorCode> {}
