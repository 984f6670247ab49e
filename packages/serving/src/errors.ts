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
  | "refused-option";

/** The serving node could not start. Nothing has been served. */
export class NodeError extends SealserveError<NodeErrorCode> {}
