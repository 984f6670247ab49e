const SECOND = 1000;

/** Bounds on what callers can make the broker hold or wait for. All times in milliseconds. */
export interface BrokerLimits {
  /** Connections at one time. */
  readonly maxConnections: number;
  /** Connections at one time from one address. */
  readonly maxConnectionsPerAddress: number;
  /**
   * The same for the port for Gramine's protocol. More: all enclaves of a cluster may start together, behind one address,
   * and none of them tries again by itself.
   */
  readonly maxProvisioningConnections: number;
  readonly maxProvisioningConnectionsPerAddress: number;
  /** Requests on one connection; a release needs two. */
  readonly maxRequestsPerConnection: number;
  readonly handshakeTimeoutMs: number;
  /** From the start of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the start of a request to its last byte. */
  readonly requestTimeoutMs: number;
  /** Pause between two requests; the caller's platform makes evidence meanwhile. */
  readonly idleTimeoutMs: number;
  /** Life of a challenge. */
  readonly challengeLifeMs: number;
  /** Whole conversation on the port for Gramine's protocol, judging included. */
  readonly provisioningTimeoutMs: number;
  /** There, how long the client may keep the connection open after its secret was sent. */
  readonly farewellTimeoutMs: number;
  /** Least time between two notices that sum up the attempts without a record. */
  readonly earlyFailureNoticeMs: number;
  /** Records in that time of attempts with evidence that anybody could have sent; enough to see what is wrong with a node. */
  readonly maxUnprovenRecords: number;
  /** Wait for running requests when the broker closes. */
  readonly drainTimeoutMs: number;
}

/** Limits that leave honest nodes ample room. */
export const defaultLimits: BrokerLimits = {
  maxConnections: 512,
  maxConnectionsPerAddress: 64,
  maxProvisioningConnections: 1024,
  maxProvisioningConnectionsPerAddress: 256,
  maxRequestsPerConnection: 16,
  handshakeTimeoutMs: 10 * SECOND,
  headersTimeoutMs: 5 * SECOND,
  requestTimeoutMs: 10 * SECOND,
  idleTimeoutMs: 60 * SECOND,
  challengeLifeMs: 60 * SECOND,
  provisioningTimeoutMs: 60 * SECOND,
  farewellTimeoutMs: 5 * SECOND,
  earlyFailureNoticeMs: 60 * SECOND,
  maxUnprovenRecords: 10,
  drainTimeoutMs: 10 * SECOND,
};
