import type { AppraisalPolicy, TrustedRoot } from "@sealserve/attestation";
import type { CollateralSource } from "@sealserve/collateral";

/** What a requester expects of a node's evidence. */
export interface EvidenceExpectations {
  /** The vendor's root: `vendorRoot`, or another one, whose verdicts are then all marked simulated. */
  readonly root: TrustedRoot;
  readonly collateral: CollateralSource;
  readonly policy: AppraisalPolicy;
  /** Name of the model that must be served; any model when left out. */
  readonly model?: string | undefined;
  /** SHA-256 of the manifest of the package that must be served, hex; any package when left out. */
  readonly manifestDigest?: string | undefined;
  /** Time of judgement; now by default. */
  readonly now?: (() => Date) | undefined;
}

/** Where a serving node is, and bounds of the connections to it. */
export interface ConnectionOptions {
  readonly host: string;
  readonly grpcPort?: number | undefined;
  readonly restPort?: number | undefined;
  /** Name that the TLS certificate must carry; `host` by default. */
  readonly serverName?: string | undefined;
  /** Longest wait for a connection and for its evidence, milliseconds each. Default 30 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** Ends the connecting, at first and later; its reason is thrown. Connections that stand are left alone. */
  readonly signal?: AbortSignal | undefined;
  /** Largest answer accepted, bytes. Default 1 GiB. */
  readonly maxAnswerBytes?: number | undefined;
}

/** Where a serving node is and what it must prove before it gets any data. */
export interface NodeOptions extends ConnectionOptions {
  /** Certificates of the authorities that the node's TLS chain must lead to, PEM. Required unless {@link raTls} is true. */
  readonly caPem?: string | undefined;
  /**
   * Takes a certificate that the node made for itself in the TEE. No authority and no name is looked at then: all trust rests
   * on fresh evidence for the connection, and on `evidence.manifestDigest`, which is required, since nothing else tells the
   * owner's node from one of somebody else with the same software.
   */
  readonly raTls?: boolean | undefined;
  readonly evidence: EvidenceExpectations;
}

/** Where a server without evidence is. */
export interface UnattestedOptions extends ConnectionOptions {
  /** Certificates of the authorities that the server's TLS chain must lead to, PEM. */
  readonly caPem: string;
}

/** Bounds of one call. */
export interface CallOptions {
  /** Longest time for the whole call, milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Cancels the call; its reason is thrown. */
  readonly signal?: AbortSignal | undefined;
}
