import type { TLSSocket } from "node:tls";
import type { Platform } from "@sealserve/platform";
import { ServingError } from "@sealserve/protocol";
import { type AttestationAnswer, channelOf, reportDataFor } from "@sealserve/ra-tls";
import type { LeaseView } from "../lease/lease.ts";
import type { ServingLimits } from "../transport/limits.ts";
import { TokenBucket } from "../transport/token-bucket.ts";
import { quoteInTime } from "./quote-in-time.ts";

/** Most statements waiting for the platform over all connections; one of each at most. */
const MAX_WAITING = 64;
/** ... and over the connections of one address, which anybody can open: places are left for others. */
const MAX_WAITING_PER_ADDRESS = 16;
/** Statements one connection may ask for at once, and then one each {@link REFILL_MS}. */
const BURST = 4;
const REFILL_MS = 1000;

/** What a node says of itself beside the evidence. */
export interface ServedPackage {
  readonly model: string;
  /** SHA-256 of the manifest. */
  readonly manifestDigest: Uint8Array;
}

/** Makes evidence that speaks for one TLS connection and the package served on it, one at a time. */
export class EvidenceIssuer {
  readonly #platform: Platform;
  readonly #served: ServedPackage;
  readonly #limits: Pick<ServingLimits, "quoteTimeoutMs">;
  readonly #lease: LeaseView | undefined;
  readonly #now: () => number;
  readonly #buckets = new WeakMap<TLSSocket, TokenBucket>();
  readonly #waiting = new Set<TLSSocket>();
  #last: Promise<unknown> = Promise.resolve();

  /**
   * @param lease of the package; without one it is served for good
   * @param now milliseconds of a clock that only goes forward
   */
  constructor(
    platform: Platform,
    served: ServedPackage,
    limits: Pick<ServingLimits, "quoteTimeoutMs">,
    { lease, now = () => performance.now() }: { readonly lease?: LeaseView; readonly now?: () => number } = {},
  ) {
    this.#platform = platform;
    this.#served = served;
    this.#limits = limits;
    this.#lease = lease;
    this.#now = now;
  }

  /**
   * Makes evidence over a requester's nonce.
   *
   * @param socket the connection the request came on; the evidence holds for no other
   * @param nonce 32 bytes
   * @throws ServingError `RESOURCE_EXHAUSTED` when asked too often, `UNAVAILABLE` when the platform takes too long or the
   * package may not be served any longer: nobody is to send data to this node then
   */
  async issue(socket: TLSSocket, nonce: Uint8Array): Promise<AttestationAnswer> {
    this.#expectServing();
    this.#admit(socket);
    const { quoteTimeoutMs } = this.#limits;
    try {
      const channel = await channelOf(socket, "server", "serving");
      const statement = {
        purpose: "serving",
        nonce,
        ...channel,
        publicKey: new Uint8Array(),
        ...this.#served,
      } as const;
      const reportData = await reportDataFor(statement);
      const evidence = await this.#inTurn(() => quoteInTime(this.#platform, reportData, quoteTimeoutMs));
      this.#expectServing();
      return { tee: this.#platform.tee, evidence, ...statement, reportData };
    } finally {
      this.#waiting.delete(socket);
    }
  }

  #expectServing(): void {
    if (this.#lease?.held === false) {
      throw new ServingError("UNAVAILABLE", "The lease of the model has ended on this server");
    }
  }

  #admit(socket: TLSSocket): void {
    const sameAddress = [...this.#waiting].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress);
    const hasPlace =
      !this.#waiting.has(socket) && this.#waiting.size < MAX_WAITING && sameAddress.length < MAX_WAITING_PER_ADDRESS;
    const now = this.#now();
    const bucket = this.#buckets.get(socket) ?? new TokenBucket(BURST, REFILL_MS, now);
    this.#buckets.set(socket, bucket);
    if (!hasPlace || !bucket.take(now)) {
      throw new ServingError("RESOURCE_EXHAUSTED", "Evidence is asked for too often; try again later");
    }
    this.#waiting.add(socket);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
