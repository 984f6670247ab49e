import type { Endpoint } from "@sealserve/config";

/** A server that answers requests: gRPC or REST. */
export interface Front {
  /** Where it listens, with the true port. */
  readonly address: Endpoint;
  /** Takes no new requests, lets those in flight end for a bounded time, then closes. */
  close(): Promise<void>;
}
