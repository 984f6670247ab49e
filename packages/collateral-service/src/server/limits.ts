const SECOND = 1000;
const MIB = 1024 * 1024;

/** Bounds on what callers can make the service hold or wait for. */
export interface ServiceLimits {
  /** Bytes. */
  readonly maximumBody: number;
  /** From the start of a request to the end of its headers, milliseconds. */
  readonly headersTimeoutMs: number;
  /** From the start of a request to its last byte. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** Requests that one client may make, in a second and at once, that need more than an answer that is ready. */
  readonly requestsPerSecond: number;
  readonly requestBurst: number;
  /** Misses that one client may have fetched from upstream, in a second and at once. */
  readonly missesPerSecond: number;
  readonly missBurst: number;
  /** Wait for running requests when the service closes. */
  readonly drainTimeoutMs: number;
}

/** Timeouts and sizes are those of Intel's service. */
export const defaultLimits: ServiceLimits = {
  maximumBody: 2 * MIB,
  headersTimeoutMs: 10 * SECOND,
  requestTimeoutMs: 15 * SECOND,
  keepAliveTimeoutMs: 60 * SECOND,
  maxConnections: 4096,
  maxConnectionsPerAddress: 1024,
  requestsPerSecond: 500,
  requestBurst: 2000,
  missesPerSecond: 10,
  missBurst: 500,
  drainTimeoutMs: 10 * SECOND,
};

/** Wrong tokens that one client may present: some by mistake, never enough to guess. */
export const WRONG_TOKENS = { perSecond: 0.5, burst: 30 };
