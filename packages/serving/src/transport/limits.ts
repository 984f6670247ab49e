const SECOND = 1000;
const MIB = 1 << 20;

/** Bounds on what requesters and models can make the node hold or wait for. */
export interface ServingLimits {
  /** Largest request message or body, bytes. TensorFlow Serving has no lower limit than 2^31-1. */
  readonly maxMessageBytes: number;
  /** Largest request after unpacking, bytes. */
  readonly maxUnpackedBytes: number;
  /**
   * Things in one request that become objects in memory: lists, members and strings of JSON, list elements and map entries of
   * protobuf. Numbers in arrays do not count.
   */
  readonly maxElements: number;
  /** Bytes of requests, of what is decoded from them, and of answers, held at one time over all connections. */
  readonly maxBytesInFlight: number;
  /** Connections at one time, on each port. */
  readonly maxConnections: number;
  /** Connections at one time from one address, on each port. */
  readonly maxConnectionsPerAddress: number;
  /** Concurrent requests on one connection. */
  readonly maxStreamsPerConnection: number;
  /** Requests from one address in a second, and as many again at once, over all ports; 0: any number. */
  readonly maxRequestsPerSecondPerAddress: number;
  /** Largest sum of header sizes of one request, bytes. */
  readonly maxHeaderBytes: number;
  /** Requests that one HTTP/2 connection may start and take back at once, and then in each second. */
  readonly maxStreamResetBurst: number;
  readonly maxStreamResetsPerSecond: number;
  /** Pings and settings, each of which wants an answer, that an HTTP/2 connection may send before it begins another call. */
  readonly maxControlFrames: number;
  /** Calls that go on for as long as the caller likes, at one time on each gRPC port. */
  readonly maxStreamingCalls: number;
  /** Such calls at one time on one connection. */
  readonly maxStreamingCallsPerConnection: number;
  /** Messages that the caller may send in one of them. */
  readonly maxStreamingMessages: number;
  /** The largest of these messages, bytes. */
  readonly maxStreamingMessageBytes: number;
  /** TLS handshake, milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** From the first byte of a REST request to the end of its headers, milliseconds. */
  readonly headersTimeoutMs: number;
  /** From the TLS handshake to the end of the first request's headers, milliseconds. */
  readonly firstRequestTimeoutMs: number;
  /** From the start of a request to its last byte, and the same of a large answer, milliseconds. */
  readonly requestTimeoutMs: number;
  /** Longest pause inside a request or while the requester takes the answer, milliseconds. */
  readonly stallTimeoutMs: number;
  /** Pause between two requests of a connection, milliseconds. */
  readonly idleTimeoutMs: number;
  /** A REST request that runs longer is answered DEADLINE_EXCEEDED, milliseconds. */
  readonly restRunTimeoutMs: number;
  /** Longest time that the platform may take for one quote, milliseconds. */
  readonly quoteTimeoutMs: number;
  /** Longest wait for requests in flight when the node closes or its lease ends, milliseconds. */
  readonly drainTimeoutMs: number;
  /** From a version's files until its engine has it, milliseconds. */
  readonly loadTimeoutMs: number;
  /** Memory in RAM that an engine's own process may have before it is ended, bytes; 0: any. */
  readonly maxEngineBytes: number;
}

/** Limits that fit TensorFlow Serving's clients: messages up to 1 GiB. */
export const defaultLimits: ServingLimits = {
  maxMessageBytes: 1024 * MIB,
  maxUnpackedBytes: 100 * MIB,
  maxElements: 4 * MIB,
  maxBytesInFlight: 2048 * MIB,
  maxConnections: 1000,
  maxConnectionsPerAddress: 256,
  maxStreamsPerConnection: 128,
  maxRequestsPerSecondPerAddress: 0,
  maxHeaderBytes: 16 << 10,
  maxStreamResetBurst: 1000,
  maxStreamResetsPerSecond: 33,
  // Clients ping to keep a connection alive, and while they take a long answer to learn how much is on the way.
  maxControlFrames: 10_000,
  // Enough for a few tools and health checkers of each client; none of them sends long messages.
  maxStreamingCalls: 256,
  maxStreamingCallsPerConnection: 16,
  maxStreamingMessages: 10_000,
  maxStreamingMessageBytes: 64 << 10,
  handshakeTimeoutMs: 10 * SECOND,
  headersTimeoutMs: 20 * SECOND,
  firstRequestTimeoutMs: 10 * SECOND,
  requestTimeoutMs: 300 * SECOND,
  stallTimeoutMs: 60 * SECOND,
  idleTimeoutMs: 600 * SECOND,
  restRunTimeoutMs: 30 * SECOND,
  quoteTimeoutMs: 10 * SECOND,
  drainTimeoutMs: 30 * SECOND,
  loadTimeoutMs: 600 * SECOND,
  maxEngineBytes: 0,
};
